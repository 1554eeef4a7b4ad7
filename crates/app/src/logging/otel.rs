//! Traces to an OpenTelemetry collector (OTLP over HTTP), configured by the usual variables: `OTEL_EXPORTER_OTLP_ENDPOINT` (or
//! `…_TRACES_ENDPOINT`) switches it on; `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_EXPORTER_OTLP_HEADERS`,
//! `OTEL_TRACES_SAMPLER`, `OTEL_BSP_*` and `OTEL_SDK_DISABLED` do what they do everywhere. `VORONKA_OTEL_LOG` filters spans.

use std::{sync::Arc, time::Duration};

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{SdkTracerProvider, SpanData, SpanExporter as Exports},
};
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing_subscriber::{EnvFilter, Layer, registry::LookupSpan};

use crate::cli::{Cli, Wish};

/// Spans of a turn and its parts; not those of HTTP clients and the like.
const USUAL: &str = "off,voronka=info,voronka_engine=debug";

/// Sends what is left when it is dropped.
pub(crate) struct Exporter(SdkTracerProvider);

impl Drop for Exporter {
    fn drop(&mut self) {
        // Nobody is left to tell of a collector that is away.
        let _sent = self.0.shutdown();
    }
}

/// Sends batches from the runtime: the SDK's own thread has none, and the client of HTTP cannot work without.
#[derive(Debug)]
struct OnRuntime {
    inner: Arc<SpanExporter>,
    runtime: Handle,
}

impl Exports for OnRuntime {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let inner = Arc::clone(&self.inner);
        let sent = self.runtime.spawn(async move { inner.export(batch).await });
        sent.await.unwrap_or_else(|error| Err(OTelSdkError::InternalFailure(error.to_string())))
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        // The provider sets it before it exports anything: nobody else holds the exporter yet.
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.set_resource(resource);
        }
    }
}

/// The layer, if a collector is named and this is a run that serves.
pub(super) fn layer<S>(cli: &Cli) -> (Option<Box<dyn Layer<S> + Send + Sync>>, Option<Exporter>)
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let named = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]
        .into_iter()
        .any(|name| set(name).is_some());
    let disabled = set("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if !named || disabled || !matches!(cli.command, Wish::Run(_) | Wish::Demo(_)) {
        return (None, None);
    }
    let exporter = match SpanExporter::builder().with_http().build() {
        Ok(exporter) => exporter,
        Err(error) => {
            crate::out::error(&format!("OpenTelemetry: {error}"));
            return (None, None);
        }
    };
    let (layer, exporter) = through(exporter, Handle::current());
    (Some(layer), Some(exporter))
}

/// The layer that hands spans to an exporter, which sends them from this runtime.
fn through<S>(exporter: SpanExporter, runtime: Handle) -> (Box<dyn Layer<S> + Send + Sync>, Exporter)
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let mut resource = Resource::builder();
    if set("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name("voronka");
    }
    let exporter = OnRuntime { inner: Arc::new(exporter), runtime };
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build();
    let wanted = set("VORONKA_OTEL_LOG").unwrap_or_else(|| USUAL.to_owned());
    let filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| EnvFilter::new(USUAL));
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("voronka")).with_filter(filter);
    (layer.boxed(), Exporter(provider))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
    use opentelemetry_otlp::WithExportConfig;
    use tracing_subscriber::layer::SubscriberExt;
    use voronka_core::{
        ids::{AccountId, PartnerId},
        spec::partner::{PartnerFiles, PartnerSpec},
    };
    use voronka_engine::{Engine, Partner};
    use voronka_testkit::{
        FakeClock,
        channel::FakeChannel,
        journal::{MemoryStore, sample},
        model::ScriptedModel,
    };

    use super::*;

    /// What a collector was sent: the content type and all bodies.
    type Received = Arc<Mutex<(String, Vec<u8>)>>;

    /// A collector of OTLP over HTTP that keeps what it is sent; where it listens.
    async fn collector() -> (String, Received) {
        let received = Received::default();
        let kept = Arc::clone(&received);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        let take = move |headers: HeaderMap, body: Bytes| async move {
            let mut kept = kept.lock().unwrap();
            kept.0 = headers["content-type"].to_str().unwrap().to_owned();
            kept.1.extend_from_slice(&body);
        };
        let routes = Router::new().route("/v1/traces", post(take));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (address, received)
    }

    /// One question, asked and answered.
    async fn turn() {
        let id = PartnerId::parse("korica").unwrap();
        let files = PartnerFiles::from([("config.yaml".into(), "name: Корица\naccounts: {telegram: {}}\n".into())]);
        let spec = Arc::new(PartnerSpec::parse(id.clone(), &files).spec.unwrap());
        let channel = Arc::new(FakeChannel::default());
        let partner = Partner::new(spec)
            .model(Arc::new(ScriptedModel::saying("Да, вишня есть.")))
            .channel(AccountId::parse("telegram").unwrap(), channel.clone());
        let clock = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
        let engine = Engine::new(Arc::new(MemoryStore::new()), clock).partner(partner);
        engine.start().await.unwrap();
        engine.receive(sample::text(&id, "anna", "1", "Есть ли у вас вишня?")).await.unwrap();
        channel.until_shown(1).await;
        engine.stop().await;
    }

    #[test]
    fn a_collector_receives_the_spans_of_a_turn_with_their_ids_and_without_its_words() {
        // As `main` does before anything is logged.
        let _first = rustls::crypto::ring::default_provider().install_default();
        let outside = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (endpoint, received) = outside.block_on(collector());
        let exporter = SpanExporter::builder().with_http().with_endpoint(endpoint).build().unwrap();
        let (layer, exporter) = through(exporter, outside.handle().clone());
        // All of the turn on this thread: it is the one that hands its spans on.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || runtime.block_on(turn()));
        drop(exporter);
        let (kind, body) = received.lock().unwrap().clone();
        assert_eq!(kind, "application/x-protobuf");
        let holds = |text: &str| body.windows(text.len()).any(|part| part == text.as_bytes());
        for part in
            ["service.name", "voronka", "partner", "korica", "conversation", "mail", "load", "model", "commit", "send"]
        {
            assert!(holds(part), "{part} in {}", String::from_utf8_lossy(&body));
        }
        for private in ["вишня", "anna"] {
            assert!(!holds(private), "{private}");
        }
    }
}
