use voronka_core::ports::{Completion, Delta, ModelError};
use voronka_resilience::{
    EventTooLong, Sse,
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
    let mut sse = Sse::default();
    let Some(first) = begin(&mut answer, &mut sse).await? else { return Err(ModelError::Truncated.into()) };
    if matches!(first, b'{' | b'[') {
        let mut whole = sse.into_pending();
        while let Some(bytes) = answer.chunk().await? {
            whole.extend_from_slice(bytes);
        }
        return match assembler.whole(&whole, tell)? {
            Took::Refusal(body) => Err(answer.refused(&body)),
            Took::More | Took::Last => Ok(assembler.completion(tell)?),
        };
    }
    let mut at_end = false;
    loop {
        while let Some(event) = sse.next_event() {
            // The last event of a stream that broke off may be half of one.
            let took = assembler.event(&event.data, tell);
            match took.map_err(|error| if at_end { ModelError::Truncated } else { error })? {
                Took::More => {}
                Took::Refusal(body) => return Err(answer.refused(&body)),
                Took::Last => {
                    answer.finish().await;
                    return Ok(assembler.completion(tell)?);
                }
            }
        }
        if at_end {
            return Ok(assembler.completion(tell)?);
        }
        if let Some(bytes) = answer.chunk().await? {
            sse.push(bytes).map_err(too_long)?;
        } else {
            at_end = true;
            sse.end();
        }
    }
}

/// Reads up to the first byte that is not blank, which tells a stream from an answer in one piece.
async fn begin(answer: &mut Answer, sse: &mut Sse) -> Result<Option<u8>, ModelError> {
    while let Some(bytes) = answer.chunk().await? {
        sse.push(bytes).map_err(too_long)?;
        if let Some(&first) = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
            return Ok(Some(first));
        }
    }
    Ok(None)
}

fn too_long(long: EventTooLong) -> ModelError {
    ModelError::Unavailable(long.to_string())
}

/// The error of an answer that is not JSON or not of the protocol.
pub(crate) fn senseless(what: &str) -> ModelError {
    ModelError::Unavailable(format!("{what} makes no sense"))
}
