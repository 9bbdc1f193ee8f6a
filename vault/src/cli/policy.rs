//! `gridvault policy`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use data_encoding::HEXLOWER;
use gridvault_audit::Json;
use gridvault_policy::{
    Book, Bundle, Change, Day, Explanation, FieldId, Layer, Outcome as Decided, RuleId, Situation, check,
    diff, matrix, run_cases, unmissed,
};

use super::audit::{LogPlace, open};
use super::{Failure, Outcome, on_runtime, say};
use crate::clock::{Clock as _, SystemClock, day};
use crate::lookup::replay;
use crate::store::EntryFilter;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Print who may see what
    Show(From),
    /// Run the cases, and leave each rule out in turn: some case must miss it
    Test {
        /// A case file of one's own; left out: those that the bundle carries
        cases: Option<PathBuf>,
        #[command(flatten)]
        from: From,
    },
    /// Look for holes: ambiguities, rules that never decide, laws that are broken
    Check(From),
    /// Say why a field is decided as it is: `explain person.name role=grid_chief purpose=home_visit_care basis=consent`
    Explain {
        /// The field
        field: Option<String>,
        /// Facts as `key=value`, as in a case file; what is left out is everyday
        facts: Vec<String>,
        /// Decide this entry of the log anew instead
        #[arg(long, conflicts_with_all = ["field", "facts"])]
        seq: Option<i64>,
        #[command(flatten)]
        place: LogPlace,
        #[command(flatten)]
        from: From,
    },
    /// Say for whom two versions differ, exactly
    Diff {
        /// The folder of the first bundle
        before: PathBuf,
        /// The folder of the second; left out: this program's
        after: Option<PathBuf>,
    },
}

#[derive(clap::Args)]
pub(super) struct From {
    /// The folder of a bundle (model.conf, rules.csv, cases/); left out: this program's
    #[arg(long, value_name = "DIR")]
    bundle: Option<PathBuf>,
    /// As the rules hold on that day; left out: today
    #[arg(long, value_name = "YYYY-MM-DD")]
    on: Option<String>,
}

impl From {
    fn bundle(&self) -> Result<Bundle, Failure> {
        self.bundle.as_deref().map_or_else(|| Ok(Bundle::builtin()), read)
    }

    fn day(&self) -> Result<Day, Failure> {
        match &self.on {
            None => Ok(today()),
            Some(text) => Day::parse(text).ok_or_else(|| Failure(format!("`{text}` is no day"), 2)),
        }
    }

    fn book(&self) -> Result<Book, Failure> {
        Ok(Book::compile(&self.bundle()?, self.day()?)?)
    }
}

fn today() -> Day {
    day(SystemClock.now())
}

/// A bundle's files.
fn read(folder: &Path) -> Result<Bundle, Failure> {
    let text = |name: &Path| {
        std::fs::read_to_string(name).map_err(|error| Failure(format!("{}: {error}", name.display()), 2))
    };
    let mut cases = Vec::new();
    if let Ok(files) = std::fs::read_dir(folder.join("cases")) {
        for file in files {
            let file = file?;
            cases.push((file.file_name().to_string_lossy().into_owned(), text(&file.path())?));
        }
    }
    cases.sort();
    Ok(Bundle { model: text(&folder.join("model.conf"))?, rules: text(&folder.join("rules.csv"))?, cases })
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::Show(from) => {
            say(&matrix(&from.book()?));
            Ok(0)
        }
        Command::Check(from) => check_bundle(from),
        Command::Test { cases, from } => test(from, cases.as_deref()),
        Command::Explain { seq: Some(seq), place, from, .. } => on_runtime(again(from, place, *seq)),
        Command::Explain { field: Some(field), facts, from, .. } => {
            let field = FieldId::parse(field).map_err(|_| Failure(format!("`{field}` is no field"), 2))?;
            let facts = facts.iter().map(|fact| line(fact)).collect::<Result<Vec<_>, _>>()?.join("\n");
            let facts = Situation::parse(&facts)?.facts()?;
            explain(&from.book()?.explain(&facts, field), field);
            Ok(0)
        }
        Command::Explain { .. } => Err(Failure("say a field with facts, or --seq with --data".into(), 2)),
        Command::Diff { before, after } => {
            let after = after.as_deref().map_or_else(|| Ok(Bundle::builtin()), read)?;
            let (before, after) = (Book::compile(&read(before)?, today())?, Book::compile(&after, today())?);
            print_diff(&before, &after);
            Ok(0)
        }
    }
}

/// `key=value` as a line of a case file: yes and no are flags, words with commas a list.
fn line(fact: &str) -> Result<String, Failure> {
    let (key, value) = fact.split_once('=').ok_or_else(|| Failure(format!("`{fact}` is no key=value"), 2))?;
    let quoted = |word: &str| format!("\"{}\"", word.replace(['"', '\\', '\n'], ""));
    let value = match (key, value) {
        ("letter" | "confirmed", "yes") => "true".to_owned(),
        ("letter" | "confirmed", _) => "false".to_owned(),
        ("named" | "covers", list) => {
            format!(
                "[{}]",
                list.split(',').filter(|w| !w.is_empty()).map(quoted).collect::<Vec<_>>().join(", ")
            )
        }
        (_, word) => quoted(word),
    };
    Ok(format!("{key} = {value}"))
}

fn check_bundle(from: &From) -> Outcome {
    let bundle = from.bundle()?;
    let book = Book::compile(&bundle, from.day()?)?;
    let broken = check(&book);
    for words in &broken {
        say(words);
    }
    let of = |layer: Layer| book.rules().iter().filter(|rule| rule.layer() == layer).count();
    say(&format!(
        "{} rules ({} prohibitions, {} for emergencies, {} everyday), {} faults",
        book.rules().len(),
        of(Layer::Prohibition),
        of(Layer::Emergency),
        of(Layer::Ordinary),
        broken.len()
    ));
    if let Some(until) = book.until() {
        say(&format!("until {until}: then other rules hold"));
    }
    say(&format!("version  {}", HEXLOWER.encode(&bundle.hash())));
    say(&format!("meaning  {}", HEXLOWER.encode(&book.semantic_hash())));
    Ok(u8::from(!broken.is_empty()))
}

fn test(from: &From, file: Option<&Path>) -> Outcome {
    let (bundle, mut book) = (from.bundle()?, from.book()?);
    let files = match file {
        Some(path) => vec![(path.display().to_string(), std::fs::read_to_string(path)?)],
        None => bundle.cases.clone(),
    };
    let (mut passed, mut failed, mut waiting, mut reached) = (0, 0, 0, Vec::new());
    for (name, text) in &files {
        let report = run_cases(&book, text)?;
        for words in &report.failed {
            say(&format!("{name}: {words}"));
        }
        passed += report.passed;
        failed += report.failed.len();
        waiting += report.waiting.len();
        reached.extend(report.reached);
    }
    let ids = |ids: &[RuleId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let missed: Vec<RuleId> =
        book.rules().iter().map(|rule| rule.id).filter(|id| !reached.contains(id)).collect();
    if !missed.is_empty() {
        say(&format!("rules that no case reaches: {}", ids(&missed)));
    }
    say(&format!("{passed} passed, {failed} failed, {waiting} waiting"));
    if file.is_some() {
        return Ok(u8::from(failed > 0));
    }
    let all = book.rules().len();
    let unmissed = unmissed(&mut book, &bundle)?;
    let (deep, lost): (Vec<_>, Vec<_>) = unmissed.iter().partition(|rule| rule.in_depth);
    say(&format!("{} of {all} rules are missed by a case when they are left out", all - unmissed.len()));
    for (rules, words) in [(deep, "another rule, or none, decides alike without"), (lost, "no case misses")] {
        if !rules.is_empty() {
            say(&format!("{words}: {}", ids(&rules.iter().map(|rule| rule.rule).collect::<Vec<_>>())));
        }
    }
    Ok(u8::from(failed > 0 || !missed.is_empty() || unmissed.iter().any(|rule| !rule.in_depth)))
}

fn explain(why: &Explanation<'_>, field: FieldId) {
    let facts: Vec<String> = why.facts.iter().map(|(name, value)| format!("{name}={value}")).collect();
    say(&format!("1 事实 facts      {}", facts.join(" ")));
    say(&format!("2 级别 tier       {} {} {}", why.tier, why.tier.zh(), why.tier.en()));
    let print = |step: &str, rules: Vec<String>| {
        let rules = if rules.is_empty() { vec!["没有 none".to_owned()] } else { rules };
        for (n, rule) in rules.iter().enumerate() {
            say(&format!(
                "{} {rule}",
                if n == 0 { step.to_owned() } else { " ".repeat(step.chars().count() + 2) }
            ));
        }
    };
    let words =
        |rule: &gridvault_policy::Rule| format!("{} {} {} / {}", rule.id, rule.outcome, rule.zh, rule.en);
    print("3 禁止 prohibited ", why.held.iter().filter(|r| r.denies()).map(|r| words(r)).collect());
    print("4 许可 permitted  ", why.held.iter().filter(|r| !r.denies()).map(|r| words(r)).collect());
    let short = |(rule, otherwise): &(&gridvault_policy::Rule, Vec<&str>)| {
        format!("{} {}: {}", rule.id, rule.outcome, otherwise.join(" "))
    };
    print("5 差在 short of   ", why.short.iter().map(short).collect());
    let decided = &why.decided;
    let more = match (decided.form(), decided.reason()) {
        (_, Some(reason)) => format!("{reason} {} / {}", reason.zh(), reason.en()),
        (Some(form), None) => format!("{form} {} / {}", form.zh(), form.en()),
        (None, None) => String::new(),
    };
    let outcome = decided.outcome();
    say(&format!("6 决定 decided    {} {outcome} {} {more}", field.as_str(), decided.rule()));
    if outcome == Decided::Clear {
        return;
    }
    let miss = |told: bool| {
        let of = why.misses.iter().filter(move |miss| miss.may_be_told == told);
        of.map(|m| format!("{}={} → {} {}", m.fact, m.value, m.outcome, m.rule)).collect::<Vec<_>>()
    };
    print("7 只差 nearest    ", miss(true));
    print("  不对申请人说 not told to who asks", miss(false));
}

/// Decides an entry of the log anew.
async fn again(from: &From, place: &LogPlace, seq: i64) -> Outcome {
    let store = open(place).await?;
    let filter = EntryFilter { after: Some(seq - 1), limit: 1, ..EntryFilter::default() };
    let entry = store.entries(&filter).await?.into_iter().find(|entry| entry.seq == seq);
    let entry = entry.ok_or_else(|| Failure(format!("the log has no entry {seq}"), 2))?;
    let part = |bytes: &[u8]| {
        Json::parse_canonical(bytes).map_err(|_| Failure("the entry cannot be read".into(), 1))
    };
    let private = entry.private.as_deref().map(part).transpose()?;
    // As the rules held on the day of the entry.
    let (bundle, on) = (from.bundle()?, day(entry.at));
    let compiled = tokio::task::spawn_blocking(move || Book::compile(&bundle, on)).await;
    let book = compiled.map_err(|_| Failure("the rules could not be compiled".into(), 1))??;
    let fields = replay(&book, &part(&entry.public)?, &private.unwrap_or(Json::Bool(false)));
    let mut differ = false;
    for field in fields.map_err(|why| Failure(why.to_string(), 2))? {
        let same = if field.same { "=" } else { "≠" };
        say(&format!("{} {same} {} | {}", field.field.as_str(), field.recorded, field.again));
        differ |= !field.same;
    }
    Ok(u8::from(differ))
}

fn print_diff(before: &Book, after: &Book) {
    let changes = diff(before, after);
    let total: u128 = changes.iter().map(|change| change.classes).sum();
    say(&format!("{total} classes differ"));
    let mut kinds: Vec<(&str, &str)> =
        changes.iter().map(|c| (c.before.as_str(), c.after.as_str())).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for (from, to) in kinds {
        let of: Vec<&Change> = changes.iter().filter(|c| c.before == from && c.after == to).collect();
        let classes: u128 = of.iter().map(|change| change.classes).sum();
        say(&format!("\n{from} → {to}: {classes} classes"));
        for change in of {
            let sets = change.sets.iter().filter(|(_, words)| !words.is_empty());
            let sets: Vec<String> = sets.map(|(name, words)| format!("{name}={}", words.join("|"))).collect();
            say(&format!("  {}", sets.join(" ")));
        }
    }
    for (name, a, b) in [("removed", before, after), ("added", after, before)] {
        for rule in a.rules().iter().filter(|rule| b.rule(rule.id).is_none()) {
            say(&format!("{name} {} {} / {}", rule.id, rule.zh, rule.en));
        }
    }
}
