use bytes::Bytes;
use voronka_core::ports::{Completion, Delta, ModelError};
use voronka_resilience::{
    Sse,
    http::{Answer, Failure},
};

/// Where text goes as it comes.
pub(crate) type Tell<'a> = &'a mut (dyn for<'d> FnMut(Delta<'d>) + Send);

/// What an event was.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Took {
    /// More is to come.
    More,
    /// The last one.
    Last,
    /// A refusal: its JSON.
    Refusal(Vec<u8>),
}

/// Puts an answer together from its events.
pub(crate) trait Assemble: Send {
    /// Takes an event of the stream.
    fn event(&mut self, data: &[u8], tell: Tell<'_>) -> Result<Took, ModelError>;
    /// Takes an answer that was not streamed: some servers cannot.
    fn whole(&mut self, body: &[u8], tell: Tell<'_>) -> Result<Took, ModelError>;
    /// The answer, if it is one.
    fn completion(self, tell: Tell<'_>) -> Result<Completion, ModelError>;
}

/// Reads an answer to its end, streamed or not.
pub(crate) async fn read<A: Assemble>(
    mut answer: Answer,
    mut assembler: A,
    tell: Tell<'_>,
) -> Result<Completion, Failure> {
    let mut head = Vec::new();
    let first = loop {
        let Some(bytes) = answer.chunk().await? else { return Err(ModelError::Truncated.into()) };
        head.extend_from_slice(&bytes);
        if let Some(&first) = head.iter().find(|byte| !byte.is_ascii_whitespace()) {
            break first;
        }
    };
    if matches!(first, b'{' | b'[') {
        while let Some(bytes) = answer.chunk().await? {
            head.extend_from_slice(&bytes);
        }
        return match assembler.whole(&head, tell)? {
            Took::Refusal(body) => Err(answer.refused(&body)),
            Took::More | Took::Last => Ok(assembler.completion(tell)?),
        };
    }
    let mut sse = Sse::default();
    let mut next = Some(Bytes::from(head));
    loop {
        match &next {
            Some(bytes) => sse.push(bytes).map_err(|long| ModelError::Unavailable(long.to_string()))?,
            None => sse.end(),
        }
        while let Some(event) = sse.next_event() {
            // The last event of a stream that broke off may be half of one.
            let took = assembler.event(&event.data, tell);
            match took.map_err(|error| if next.is_none() { ModelError::Truncated } else { error })? {
                Took::More => {}
                Took::Refusal(body) => return Err(answer.refused(&body)),
                Took::Last => {
                    answer.finish().await;
                    return Ok(assembler.completion(tell)?);
                }
            }
        }
        if next.is_none() {
            return Ok(assembler.completion(tell)?);
        }
        next = answer.chunk().await?;
    }
}

/// The error of an answer that is not JSON or not of the protocol.
pub(crate) fn senseless(what: &str) -> ModelError {
    ModelError::Unavailable(format!("{what} makes no sense"))
}
