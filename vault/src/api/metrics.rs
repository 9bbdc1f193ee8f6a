//! Counts for the operator, in Prometheus' text form. Labels are route template, status class, database and instance:
//! nothing of tenant, purpose, role, area or rule.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Upper bounds of the times, microseconds, with the label that says them in seconds.
const BOUNDS: [(u64, &str); 12] = [
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (5_000_000, "5"),
    (30_000_000, "30"),
];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What is counted since the start.
pub(super) struct Metrics {
    began: Instant,
    /// A route's answers by status class; as many as the router has templates.
    routes: RwLock<BTreeMap<String, [Answers; CLASSES.len()]>>,
    refused: AtomicU64,
    turned_away: AtomicU64,
    emergencies: AtomicU64,
    emergencies_refused: AtomicU64,
    /// What residents are owed word of, and of it what is overdue, as last looked over.
    dues: [AtomicU64; 2],
}

/// Answers by the time they took.
#[derive(Default)]
struct Answers {
    /// Up to each bound, and beyond the last.
    within: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            routes: RwLock::default(),
            refused: AtomicU64::new(0),
            turned_away: AtomicU64::new(0),
            emergencies: AtomicU64::new(0),
            emergencies_refused: AtomicU64::new(0),
            dues: Default::default(),
        }
    }
}

impl Metrics {
    /// A request to that route template was answered.
    pub(super) fn answered(&self, route: &str, status: u16, took: Duration) {
        let class = usize::from(status / 100).saturating_sub(1).min(CLASSES.len() - 1);
        if let Ok(routes) = self.routes.read()
            && let Some(answers) = routes.get(route).and_then(|classes| classes.get(class))
        {
            return answers.add(took);
        }
        if let Ok(mut routes) = self.routes.write()
            && let Some(answers) = routes.entry(route.to_owned()).or_default().get(class)
        {
            answers.add(took);
        }
    }

    /// A credential was unknown.
    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// A connection was closed unheard: no named proxy's, or no TLS came of it.
    pub(super) fn turned_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    /// An emergency was declared, or its declarer kept from it: an officer is to look.
    pub(super) fn emergency(&self, declared: bool) {
        let count = if declared { &self.emergencies } else { &self.emergencies_refused };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// What residents are owed word of was looked over.
    pub(super) fn watched(&self, open: u64, overdue: u64) {
        for (held, now) in self.dues.iter().zip([open, overdue]) {
            held.store(now, Ordering::Relaxed);
        }
    }

    /// All counts in Prometheus' text form.
    pub(super) fn write(&self, page: &mut Page) {
        page.gauge("gridvault_uptime_seconds", "Seconds since the start.", self.began.elapsed().as_secs());
        page.counter(
            "gridvault_credentials_refused_total",
            "Requests with a token or code that is unknown, expired or revoked.",
            self.refused.load(Ordering::Relaxed),
        );
        page.counter(
            "gridvault_connections_turned_away_total",
            "Connections closed unheard: not a trusted proxy's, or no TLS came of them.",
            self.turned_away.load(Ordering::Relaxed),
        );
        page.counter(
            "gridvault_emergencies_declared_total",
            "Emergencies declared: each waits for a review.",
            self.emergencies.load(Ordering::Relaxed),
        );
        page.counter(
            "gridvault_emergencies_refused_total",
            "Emergencies that somebody was kept from declaring, for an earlier one's sake.",
            self.emergencies_refused.load(Ordering::Relaxed),
        );
        let [open, overdue] = &self.dues;
        let (open, overdue) = (open.load(Ordering::Relaxed), overdue.load(Ordering::Relaxed));
        page.gauge("gridvault_dues", "What residents are owed word of and were not told.", open);
        page.gauge("gridvault_dues_overdue", "Of these, those whose time has passed.", overdue);
        let Ok(routes) = self.routes.read() else { return };
        page.head(
            "gridvault_requests_total",
            "Requests answered, by route template and status class.",
            "counter",
        );
        for (route, classes) in routes.iter() {
            for (class, answers) in CLASSES.iter().zip(classes).filter(|(_, answers)| answers.count() > 0) {
                let labels = format!("route=\"{route}\",status=\"{class}\"");
                page.line("gridvault_requests_total", &labels, answers.count());
            }
        }
        let name = "gridvault_request_seconds";
        page.head(name, "Time until the answer began, by route template.", "histogram");
        for (route, classes) in routes.iter() {
            let mut sum = 0;
            for (n, bound) in BOUNDS.iter().map(|(_, label)| *label).chain(["+Inf"]).enumerate() {
                sum += classes
                    .iter()
                    .filter_map(|a| a.within.get(n))
                    .map(|c| c.load(Ordering::Relaxed))
                    .sum::<u64>();
                page.line(&format!("{name}_bucket"), &format!("route=\"{route}\",le=\"{bound}\""), sum);
            }
            let micros: u64 = classes.iter().map(|a| a.micros.load(Ordering::Relaxed)).sum();
            let label = format!("route=\"{route}\"");
            page.line(&format!("{name}_sum"), &label, Duration::from_micros(micros).as_secs_f64());
            page.line(&format!("{name}_count"), &label, sum);
        }
    }
}

impl Answers {
    fn add(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let place = BOUNDS.iter().position(|(bound, _)| micros <= *bound).unwrap_or(BOUNDS.len());
        if let Some(count) = self.within.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.within.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

/// A page in Prometheus' text form.
#[derive(Default)]
pub(super) struct Page(String);

impl Page {
    /// What a metric is.
    pub(super) fn head(&mut self, name: &str, help: &str, kind: &str) {
        write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n").unwrap_or_default();
    }

    /// One sample.
    pub(super) fn line(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        if labels.is_empty() {
            writeln!(self.0, "{name} {value}").unwrap_or_default();
        } else {
            writeln!(self.0, "{name}{{{labels}}} {value}").unwrap_or_default();
        }
    }

    /// A value that goes up and down.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, help, "gauge");
        self.line(name, "", value);
    }

    /// A value that only grows.
    pub(super) fn counter(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, help, "counter");
        self.line(name, "", value);
    }

    /// The text.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_class_and_time() {
        let metrics = Metrics::default();
        metrics.answered("/v1/lookups", 200, Duration::from_micros(900));
        metrics.answered("/v1/lookups", 200, Duration::from_micros(1_000));
        metrics.answered("/v1/lookups", 403, Duration::from_millis(3));
        metrics.answered("-", 999, Duration::from_secs(60));
        let mut page = Page::default();
        metrics.write(&mut page);
        let text = page.finish();
        for line in [
            "gridvault_requests_total{route=\"/v1/lookups\",status=\"2xx\"} 2",
            "gridvault_requests_total{route=\"/v1/lookups\",status=\"4xx\"} 1",
            "gridvault_requests_total{route=\"-\",status=\"5xx\"} 1",
            "gridvault_request_seconds_bucket{route=\"/v1/lookups\",le=\"0.001\"} 2",
            "gridvault_request_seconds_bucket{route=\"/v1/lookups\",le=\"0.005\"} 3",
            "gridvault_request_seconds_bucket{route=\"/v1/lookups\",le=\"+Inf\"} 3",
            "gridvault_request_seconds_bucket{route=\"-\",le=\"30\"} 0",
            "gridvault_request_seconds_count{route=\"-\"} 1",
            "gridvault_request_seconds_sum{route=\"/v1/lookups\"} 0.0049",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is missing in\n{text}");
        }
    }
}
