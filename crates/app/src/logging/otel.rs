//! Traces to an OpenTelemetry collector (OTLP over HTTP), configured by the usual variables: `OTEL_EXPORTER_OTLP_ENDPOINT` (or
//! `…_TRACES_ENDPOINT`) switches it on; `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_EXPORTER_OTLP_HEADERS`,
//! `OTEL_TRACES_SAMPLER`, `OTEL_BSP_*` and `OTEL_SDK_DISABLED` do what they do everywhere. `VORONKA_OTEL_LOG` filters spans.

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
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
    let mut resource = Resource::builder();
    if set("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name("voronka");
    }
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build();
    let wanted = set("VORONKA_OTEL_LOG").unwrap_or_else(|| USUAL.to_owned());
    let filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| EnvFilter::new(USUAL));
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("voronka")).with_filter(filter);
    (Some(layer.boxed()), Some(Exporter(provider)))
}
