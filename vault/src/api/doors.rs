//! A door: a route with everything that is said of it in one place. The router, the description in OpenAPI and the tests of
//! all doors are made from the same list, so none of them can leave one out.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::routing::MethodRouter;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::App;
use super::problem::Name;

type Make = fn(&mut SchemaGenerator) -> Schema;

/// How large a body may be and how long an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// A request of a person or a service.
    Quick,
    /// A register.
    Register,
}

/// A member of a query.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) schema: Value,
    pub(super) required: bool,
    pub(super) doc: &'static str,
}

/// One answer that is no refusal.
pub(super) struct Gives {
    pub(super) status: u16,
    pub(super) doc: &'static str,
    pub(super) schema: Option<Make>,
    pub(super) media: &'static str,
}

/// A route.
pub(super) struct Door {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) open: bool,
    pub(super) size: Size,
    pub(super) takes: Option<(Make, &'static str)>,
    pub(super) query: Vec<Parameter>,
    pub(super) gives: Vec<Gives>,
    pub(super) refuses: Vec<Name>,
    pub(super) enters: &'static [&'static str],
    pub(super) once: bool,
    pub(super) handler: MethodRouter<App>,
}

/// A door for whoever has a token.
pub(super) fn door(
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    handler: MethodRouter<App>,
) -> Door {
    Door {
        method,
        path,
        summary,
        open: false,
        size: Size::Quick,
        takes: None,
        query: Vec::new(),
        gives: Vec::new(),
        refuses: Vec::new(),
        enters: &[],
        once: false,
        handler,
    }
}

impl Door {
    /// Open to whoever comes.
    pub(super) fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// Takes a body of that shape.
    pub(super) fn takes<T: JsonSchema>(mut self) -> Self {
        self.takes = Some((|make| make.subschema_for::<T>(), "application/json"));
        self
    }

    /// Takes JSON lines, however many.
    pub(super) fn takes_lines<T: JsonSchema>(mut self) -> Self {
        self.takes = Some((|make| make.subschema_for::<T>(), "application/jsonl"));
        self.size = Size::Register;
        self
    }

    /// A member of the query.
    pub(super) fn asks(mut self, name: &'static str, schema: Value, doc: &'static str) -> Self {
        self.query.push(Parameter { name, schema, required: false, doc });
        self
    }

    /// A member of the query that must be there.
    pub(super) fn needs(mut self, name: &'static str, schema: Value, doc: &'static str) -> Self {
        self.query.push(Parameter { name, schema, required: true, doc });
        self
    }

    /// The post acted in, where the body does not name it.
    pub(super) fn in_a_post(self) -> Self {
        let doc = "The post acted in, where more than one is held.";
        self.asks("assignment", json!({ "type": "string", "format": "uuid" }), doc)
    }

    /// Answers with JSON of that shape.
    pub(super) fn gives<T: JsonSchema>(mut self, status: u16, doc: &'static str) -> Self {
        let schema: Make = |make| make.subschema_for::<T>();
        self.gives.push(Gives { status, doc, schema: Some(schema), media: "application/json" });
        self
    }

    /// Answers with something else.
    pub(super) fn gives_media(mut self, status: u16, doc: &'static str, media: &'static str) -> Self {
        self.gives.push(Gives { status, doc, schema: None, media });
        self
    }

    /// Answers without a body.
    pub(super) fn gives_nothing(self, status: u16, doc: &'static str) -> Self {
        self.gives_media(status, doc, "")
    }

    /// Refusals beside those that every door has.
    pub(super) fn refuses(mut self, names: &[Name]) -> Self {
        self.refuses.extend_from_slice(names);
        self
    }

    /// The kinds of entries that passing it leaves, the first of them always.
    pub(super) fn enters(mut self, kinds: &'static [&'static str]) -> Self {
        self.enters = kinds;
        self
    }

    /// May be asked again under the same `Idempotency-Key`.
    pub(super) fn once(mut self) -> Self {
        self.once = true;
        self
    }
}

/// The members that the query of that door may have.
pub(super) fn asks(method: &str, path: &str) -> &'static [&'static str] {
    type Asks = HashMap<&'static str, Vec<(&'static str, Vec<&'static str>)>>;
    static ASKS: LazyLock<Asks> = LazyLock::new(|| {
        let mut asks = Asks::new();
        for door in super::routes::all_doors() {
            let members = door.query.iter().map(|member| member.name).collect();
            asks.entry(door.path).or_default().push((door.method, members));
        }
        asks
    });
    let method = if method == "HEAD" { "GET" } else { method };
    let of_path = ASKS.get(path).map(Vec::as_slice).unwrap_or_default();
    of_path.iter().find(|(of, _)| *of == method).map(|(_, members)| members.as_slice()).unwrap_or_default()
}

/// What tests and descriptions may know of a door.
#[derive(Clone, Debug)]
pub struct DoorPlate {
    /// The method.
    pub method: &'static str,
    /// The route, with `{…}` for what varies.
    pub path: &'static str,
    /// Whether it is open without a token.
    pub open: bool,
    /// The kinds of entries that passing it leaves.
    pub enters: &'static [&'static str],
}

/// Every door there is.
pub fn doors() -> Vec<DoorPlate> {
    let plate = |door: &Door| DoorPlate {
        method: door.method,
        path: door.path,
        open: door.open,
        enters: door.enters,
    };
    super::routes::all_doors().iter().map(plate).collect()
}
