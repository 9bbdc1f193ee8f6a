//! `strace`: which calls on files and sockets a while of a program's life makes, thread by thread, and one of them made to fail or
//! to be the program's last.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

/// What a thread is there for. Programs are run with one worker, so that each call has its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Thread {
    /// It takes connections.
    Main,
    /// The runtime's: answers, the pin, a witness's file, what a witness is asked.
    Runtime,
    /// SQLite's connection that writes.
    Writer,
    Reader,
}

/// A call as threads of one kind make it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Call {
    pub(super) thread: Thread,
    pub(super) name: String,
    /// For `write` alone, which also wakes other threads: the file, below the program's folder.
    file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    Eio,
    Enospc,
    /// SIGKILL, before the call does anything.
    Kill,
}

/// The nth such call of the thread fails.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) call: Call,
    pub(super) fault: Fault,
    nth: usize,
}

/// What one while made: its lines, and how often each call at most comes in one thread.
pub(super) struct Recorded {
    pub(super) lines: Vec<String>,
    pub(super) counts: BTreeMap<Call, usize>,
}

/// Attached to a process's threads; detached by `end`.
struct Tracer {
    child: Child,
    /// Held: with nobody to read them, its words would end it.
    _words: BufReader<ChildStderr>,
}

impl Tracer {
    /// Fails loudly where processes may not be traced; false where a thread has ended meanwhile.
    fn attach(arguments: &[String], threads: usize) -> Option<Self> {
        let child =
            Command::new("strace").args(arguments).stdin(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("strace is needed: apt-get install strace");
        let mut words = BufReader::new(child.stderr.take().unwrap());
        let (mut said, mut attached) = (String::new(), 0);
        while attached < threads {
            let from = said.len();
            if words.read_line(&mut said).unwrap() == 0 {
                child.wait().unwrap();
                assert!(said.contains("No such process"), "strace must be permitted to attach: {said}");
                return None;
            }
            attached += usize::from(said[from..].contains(" attached"));
        }
        Some(Self { child, _words: words })
    }

    fn end(mut self) {
        let interrupted = Command::new("kill").args(["-INT", &self.child.id().to_string()]).output();
        interrupted.expect("kill is there");
        self.child.wait().unwrap();
    }
}

/// A process's threads.
fn threads(process: u32) -> Vec<(u32, Thread)> {
    let Ok(folder) = std::fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    // In the order in which they began: the first connection is the one that writes.
    let ids = folder.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut connections = 0;
    let kind = |id: u32| {
        let name = std::fs::read_to_string(format!("/proc/{process}/task/{id}/comm")).unwrap_or_default();
        connections += u32::from(name.starts_with("sqlx"));
        let kind = match (id == process, name.starts_with("sqlx"), connections) {
            (true, ..) => Thread::Main,
            (_, true, 1) => Thread::Writer,
            (_, true, _) => Thread::Reader,
            _ => Thread::Runtime,
        };
        (id, kind)
    };
    ids.map(kind).collect()
}

/// Records what happens meanwhile.
pub(super) fn record(process: u32, root: &Path, meanwhile: impl FnOnce()) -> Recorded {
    let out = root.join("recorded");
    let words = ["-f", "-y", "-e", "trace=%desc,%file,%network", "-o", out.to_str().unwrap(), "-p"];
    let words: Vec<_> = words.iter().map(|&word| word.to_owned()).chain([process.to_string()]).collect();
    let tracer = Tracer::attach(&words, 1).expect("the process runs");
    meanwhile();
    let threads: BTreeMap<_, _> = threads(process).into_iter().collect();
    tracer.end();
    let text = std::fs::read_to_string(out).unwrap();
    let mut by_thread = BTreeMap::<(u32, Call), usize>::new();
    for line in text.lines() {
        let Some((thread, name, file)) = parse(line) else { continue };
        // One that ended meanwhile was idle.
        let Some(kind) = threads.get(&thread) else { continue };
        let below = |file: &str| Path::new(file).strip_prefix(root).ok().map(Path::to_owned);
        let file = if name == "write" { Some(file.and_then(below)) } else { None };
        // What is written elsewhere is the terminal's.
        let file = match file {
            Some(None) => continue,
            Some(some) => some,
            None => None,
        };
        let call = Call { thread: *kind, name: name.to_owned(), file };
        *by_thread.entry((thread, call)).or_default() += 1;
    }
    let mut counts = BTreeMap::new();
    for ((_, call), count) in by_thread {
        let most = counts.entry(call).or_insert(0);
        *most = count.max(*most);
    }
    Recorded { lines: text.lines().map(str::to_owned).collect(), counts }
}

/// Thread, call, and the first file or socket that it names, of a line that begins a call on one.
fn parse(line: &str) -> Option<(u32, &str, Option<&str>)> {
    let (thread, rest) = line.split_once(' ')?;
    let (name, arguments) = rest.trim_start().split_once('(')?;
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return None;
    }
    let file = arguments.split_once('<').and_then(|(_, rest)| Some(rest.split_once('>')?.0));
    // Memory, and what threads wake each other with, are neither file nor network.
    let other = file.is_some_and(|file| file.starts_with("anon_inode:")) && name != "epoll_ctl";
    (name != "mmap" && !other).then_some((thread.parse().ok()?, name, file))
}

impl Recorded {
    /// That between what was asked and what was sent, a sync of a file of that name began and ended.
    pub(super) fn assert_synced_between(&self, asked: &str, file: &str, sent: &str) {
        let at = |from: usize, is: &dyn Fn(&str) -> bool| {
            let found = self.lines[from..].iter().position(|line| is(line));
            from + found.unwrap_or_else(|| panic!("not there behind line {from} of {:#?}", self.lines))
        };
        let asked = at(0, &|line| line.contains(asked));
        let begun = at(asked, &|line| line.contains("sync(") && line.contains(&format!("{file}>")));
        let thread = self.lines[begun].split(' ').next().unwrap();
        let ended =
            at(begun, &|line| line.starts_with(thread) && line.contains("sync") && line.ends_with("= 0"));
        at(ended, &|line| line.contains(sent));
    }

    /// Whether there is such a call.
    pub(super) fn makes(&self, name: &str) -> bool {
        self.counts.keys().any(|call| call.name == name)
    }

    /// Every call of every count with every fault.
    pub(super) fn grid(&self) -> Vec<Case> {
        let each = |(call, count): (&Call, &usize)| {
            let faults: &[Fault] = match call.name.as_str() {
                "write" | "pwrite64" | "writev" | "sendto" | "openat" | "rename" | "ftruncate" => {
                    &[Fault::Eio, Fault::Enospc, Fault::Kill]
                }
                _ => &[Fault::Eio, Fault::Kill],
            };
            let call = call.clone();
            let count = *count;
            faults
                .iter()
                .flat_map(move |fault| {
                    let call = call.clone();
                    (1..=count).map(move |nth| Case { call: call.clone(), fault: *fault, nth })
                })
                .collect::<Vec<_>>()
        };
        self.counts.iter().flat_map(each).collect()
    }

    /// All of it under `GRIDVAULT_LONG`; else a sample: every name of a call once, with every fault where `each` is said.
    pub(super) fn cases(&self, each: bool) -> Vec<Case> {
        for (call, count) in &self.counts {
            println!("{:?} {} {}: {count}", call.thread, call.name, shown(&call.file));
        }
        let mut all = self.grid();
        if std::env::var_os("GRIDVAULT_LONG").is_some() {
            return all;
        }
        let seed = std::env::var_os("GRIDVAULT_SEED").and_then(|seed| seed.to_str()?.parse().ok());
        let seed = seed.unwrap_or_else(|| fastrand::u64(..));
        println!("GRIDVAULT_SEED={seed} chooses these again");
        fastrand::Rng::with_seed(seed).shuffle(&mut all);
        let mut taken = BTreeSet::new();
        all.retain(|case| taken.insert((case.call.name.clone(), each.then_some(case.fault))));
        all
    }
}

fn shown(file: &Option<PathBuf>) -> String {
    file.as_ref().map(|file| file.display().to_string()).unwrap_or_default()
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Call { thread, name, file } = &self.call;
        write!(f, "{:?} at {thread:?}'s {name} {} no. {}", self.fault, shown(file), self.nth)
    }
}

impl Case {
    /// A lock of SQLite's that could not be given back: SQLite takes it for held as long as the process lives, and an instance
    /// whose readers come by it refuses everything until it is started anew. Other processes cannot read either. No disk of the machine's own fails so.
    pub(super) fn keeps_a_lock(&self) -> bool {
        self.fault != Fault::Kill && self.call.name == "fcntl"
    }

    /// Makes it happen meanwhile; whether it did.
    pub(super) fn inject(&self, process: u32, root: &Path, meanwhile: impl FnOnce()) -> bool {
        let out = root.join("injected");
        let (name, nth) = (&self.call.name, self.nth);
        let fault = match self.fault {
            Fault::Eio => "error=EIO",
            Fault::Enospc => "error=ENOSPC",
            Fault::Kill => "signal=KILL",
        };
        let inject = [format!("trace={name}"), format!("inject={name}:{fault}:when={nth}")];
        for _ in 0..5 {
            let mut words = vec!["-o".to_owned(), out.display().to_string()];
            words.extend(inject.iter().flat_map(|word| ["-e".to_owned(), word.clone()]));
            words.extend(
                self.call
                    .file
                    .iter()
                    .flat_map(|file| ["-P".to_owned(), root.join(file).display().to_string()]),
            );
            let threads = threads(process).into_iter().filter(|(_, kind)| *kind == self.call.thread);
            let threads: Vec<_> = threads.map(|(id, _)| id).collect();
            if threads.is_empty() {
                return false;
            }
            words.extend(threads.iter().flat_map(|id| ["-p".to_owned(), id.to_string()]));
            let Some(tracer) = Tracer::attach(&words, threads.len()) else { continue };
            meanwhile();
            tracer.end();
            let text = std::fs::read_to_string(&out).unwrap();
            return text.contains("(INJECTED)") || text.contains("killed by SIGKILL");
        }
        false
    }
}
