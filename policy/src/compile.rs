//! casbin is the rule language and the oracle. Each version of the rules is compiled by it into small masks: for every
//! dimension and value, which rows hold. A decision ANDs one mask per dimension; the first row left decides.

use std::sync::{Arc, Mutex};

use casbin::{
    CoreApi, DefaultModel, EffectKind, Effector, EffectorStream, EnforceContext, Enforcer, StringAdapter,
    function_map::OperatorFunction,
};

use crate::error::PolicyError;
use crate::facts::{Class, DIMENSIONS, FIELD, NAMED, NAMES, TIER, values};
use crate::parse::{RULES_MOST, Rule};

/// One bit per row, in the order of deciding.
pub(crate) type Bits = [u64; RULES_MOST / 64];

pub(crate) const ALL_ROWS: Bits = [u64::MAX; RULES_MOST / 64];

/// The masks, by dimension and value.
pub(crate) struct Masks([Vec<Bits>; DIMENSIONS]);

impl Masks {
    pub(crate) fn of(&self, dimension: usize, value: usize) -> Bits {
        self.0.get(dimension).and_then(|values| values.get(value)).copied().unwrap_or_default()
    }

    /// Rows whose box holds the class.
    pub(crate) fn rows(&self, class: &Class) -> Bits {
        self.of_field(self.of_facts(class), class)
    }

    /// Rows that hold all of the class but what goes with the field: alike for every field of one lookup.
    pub(crate) fn of_facts(&self, class: &Class) -> Bits {
        let facts =
            class.iter().enumerate().filter(|(dimension, _)| !matches!(*dimension, FIELD | TIER | NAMED));
        facts.fold(ALL_ROWS, |bits, (dimension, value)| and(bits, self.of(dimension, *value)))
    }

    /// Those of them that hold field, tier and whether it is named, too.
    pub(crate) fn of_field(&self, rows: Bits, class: &Class) -> Bits {
        let of = |dimension: usize| self.of(dimension, class.get(dimension).copied().unwrap_or_default());
        and(and(rows, of(FIELD)), and(of(TIER), of(NAMED)))
    }
}

pub(crate) fn and(mut a: Bits, b: Bits) -> Bits {
    for (a, b) in a.iter_mut().zip(b) {
        *a &= b;
    }
    a
}

pub(crate) fn any(bits: &Bits) -> bool {
    bits.iter().any(|word| *word != 0)
}

/// The first row: its place in the order of deciding.
pub(crate) fn first(bits: &Bits) -> Option<usize> {
    let (i, word) = bits.iter().enumerate().find(|(_, word)| **word != 0)?;
    Some(i * 64 + word.trailing_zeros() as usize)
}

pub(crate) fn has_row(bits: &Bits, row: usize) -> bool {
    bits.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
}

pub(crate) fn set_row(bits: &mut Bits, row: usize) {
    if let Some(word) = bits.get_mut(row / 64) {
        *word |= 1 << (row % 64);
    }
}

pub(crate) fn clear_row(bits: &mut Bits, row: usize) {
    if let Some(word) = bits.get_mut(row / 64) {
        *word &= !(1 << (row % 64));
    }
}

/// casbin with the rules in their order: asked row by row when compiling, whole when checking.
pub(crate) struct Engine {
    enforcer: Enforcer,
    seen: Arc<Mutex<Vec<usize>>>,
}

impl Engine {
    pub(crate) fn new(model: &str, rules: &[Rule]) -> Result<Self, PolicyError> {
        let mut lines = String::new();
        for rule in rules {
            let columns: Vec<String> = (0..DIMENSIONS).map(|d| rule.column(d)).collect();
            let effect = if rule.denies() { "deny" } else { "allow" };
            lines.push_str(&format!("p, {}, {}, {effect}\n", rule.id, columns.join(", ")));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|e| engine(&e))?;
        let mut enforcer = runtime
            .block_on(async {
                let model = DefaultModel::from_str(model).await?;
                Enforcer::new(model, StringAdapter::new(lines)).await
            })
            .map_err(|e| engine(&e))?;
        enforcer.add_function("has", OperatorFunction::Arg2(has));
        let seen = Arc::new(Mutex::new(Vec::new()));
        enforcer.set_effector(Box::new(Collector(Arc::clone(&seen))));
        let held = enforcer.get_model().get_policy("p", "p").len();
        if held != rules.len() {
            return Err(PolicyError::Engine(format!("it holds {held} of {} rules", rules.len())));
        }
        Ok(Self { enforcer, seen })
    }

    /// Fills the masks: every (row, value) pair is evaluated by casbin.
    pub(crate) fn compile(&self) -> Result<Masks, PolicyError> {
        let mut masks: [Vec<Bits>; DIMENSIONS] = Default::default();
        for (dimension, mask) in masks.iter_mut().enumerate() {
            let matcher = format!("m{}", dimension + 2);
            for value in values(dimension) {
                let mut request = [""; DIMENSIONS];
                if let Some(place) = request.get_mut(dimension) {
                    *place = value;
                }
                let mut bits = Bits::default();
                for row in self.ask(&matcher, &request)? {
                    set_row(&mut bits, row);
                }
                mask.push(bits);
            }
        }
        Ok(Masks(masks))
    }

    /// The rows that casbin's whole matcher holds for a class, in order.
    pub(crate) fn rows(&self, class: &Class) -> Result<Vec<usize>, PolicyError> {
        let all: Vec<Vec<&'static str>> = (0..DIMENSIONS).map(values).collect();
        let mut request = [""; DIMENSIONS];
        for ((place, value), values) in request.iter_mut().zip(class).zip(&all) {
            *place =
                values.get(*value).copied().ok_or_else(|| PolicyError::Engine("no such value".into()))?;
        }
        self.ask("m", &request)
    }

    fn ask(&self, matcher: &str, r: &[&str; DIMENSIONS]) -> Result<Vec<usize>, PolicyError> {
        let context = EnforceContext {
            r_type: "r".into(),
            p_type: "p".into(),
            e_type: "e".into(),
            m_type: matcher.into(),
        };
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q] = *r;
        let asked =
            self.enforcer.enforce_with_context(context, (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q));
        asked.map_err(|e| engine(&e))?;
        let mut seen =
            self.seen.lock().map_err(|_| PolicyError::Engine("it was left in the middle".into()))?;
        Ok(std::mem::take(&mut *seen))
    }
}

fn engine(error: &dyn std::error::Error) -> PolicyError {
    PolicyError::Engine(error.to_string())
}

/// The model text: the request's and policy's columns, one matcher per dimension, and their conjunction.
pub(crate) fn model() -> String {
    let names = NAMES.join(", ");
    let one = |name: &str| format!("has(p.{name}, r.{name})");
    let mut text = format!(
        "[request_definition]\nr = {names}\n\n[policy_definition]\np = id, {names}, eft\n\n[policy_effect]\n\
         e = priority(p.eft) || deny\n\n[matchers]\nm = {}\n",
        NAMES.map(one).join(" && ")
    );
    for (i, name) in NAMES.iter().enumerate() {
        text.push_str(&format!("m{} = {}\n", i + 2, one(name)));
    }
    text
}

/// Whether a column (`*`, or words with `|` between) holds a value.
fn has(list: casbin::rhai::Dynamic, value: casbin::rhai::Dynamic) -> casbin::rhai::Dynamic {
    let (list, value) = (list.to_string(), value.to_string());
    (list == "*" || list.split('|').any(|word| word == value)).into()
}

/// Collects every row that holds, instead of stopping at the first.
struct Collector(Arc<Mutex<Vec<usize>>>);

struct Collecting {
    seen: Arc<Mutex<Vec<usize>>>,
    row: usize,
}

impl Effector for Collector {
    fn new_stream(&self, _expr: &str, _cap: usize) -> Box<dyn EffectorStream> {
        if let Ok(mut seen) = self.0.lock() {
            seen.clear();
        }
        Box::new(Collecting { seen: Arc::clone(&self.0), row: 0 })
    }
}

impl EffectorStream for Collecting {
    fn next(&self) -> bool {
        false
    }

    fn explain(&self) -> Option<Vec<usize>> {
        None
    }

    fn push_effect(&mut self, effect: EffectKind) -> bool {
        if effect != EffectKind::Indeterminate
            && let Ok(mut seen) = self.seen.lock()
        {
            seen.push(self.row);
        }
        self.row += 1;
        false
    }
}
