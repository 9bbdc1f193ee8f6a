//! What canonical bytes say, in one flat list that borrows from them: an entry has some hundred names and values, and a tree of
//! them would take longer to build and tear down than to read.

use std::borrow::Cow;

use crate::canonical::Json;

/// A value, or a member's name before its value.
#[derive(Clone, Debug)]
pub(crate) enum Node<'a> {
    Bool(bool),
    Int(i64),
    Text(&'a str),
    /// A string whose spelling has escapes.
    Escaped(Box<str>),
    /// An array, with the number of nodes that follow as being within; likewise an object.
    List(usize),
    Map(usize),
}

/// A part of an entry as it was read.
#[derive(Clone, Debug)]
pub struct Part<'a>(Vec<Node<'a>>);

/// A value within a part: its node and those within it.
#[derive(Clone, Copy, Debug)]
pub struct View<'a>(&'a [Node<'a>]);

impl<'a> Part<'a> {
    pub(crate) fn new(nodes: Vec<Node<'a>>) -> Self {
        Self(nodes)
    }

    /// The whole part.
    pub fn view(&self) -> View<'_> {
        View(&self.0)
    }
}

impl Node<'_> {
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Escaped(text) => Some(text),
            _ => None,
        }
    }
}

impl<'a> View<'a> {
    /// The member of that name, of an object.
    pub fn get(self, name: &str) -> Option<Self> {
        self.members()?.find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    /// The string member of that name.
    pub fn text(self, name: &str) -> Option<&'a str> {
        self.get(name)?.as_text()
    }

    /// The integer member of that name.
    pub fn int(self, name: &str) -> Option<i64> {
        self.get(name)?.as_int()
    }

    /// This string.
    pub fn as_text(self) -> Option<&'a str> {
        self.0.first()?.as_text()
    }

    /// This integer.
    pub fn as_int(self) -> Option<i64> {
        match self.0.first()? {
            Node::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// This array's items.
    pub fn items(self) -> Option<impl Iterator<Item = Self> + Clone> {
        match self.0.split_first()? {
            (Node::List(_), within) => Some(Items(within)),
            _ => None,
        }
    }

    /// This object's members, sorted by their names.
    pub fn members(self) -> Option<impl Iterator<Item = (&'a str, Self)> + Clone> {
        match self.0.split_first()? {
            (Node::Map(_), within) => Some(Members(Items(within))),
            _ => None,
        }
    }

    pub(crate) fn to_json(self) -> Json {
        match self.0.split_first() {
            Some((Node::Bool(b), _)) => Json::Bool(*b),
            Some((Node::Int(n), _)) => Json::Int(*n),
            Some((Node::Text(text), _)) => Json::from((*text).to_owned()),
            Some((Node::Escaped(text), _)) => Json::from(text.to_string()),
            Some((Node::Map(_), within)) => {
                let owned = |(name, value): (&str, Self)| (Cow::Owned(name.to_owned()), value.to_json());
                Json::Map(Members(Items(within)).map(owned).collect())
            }
            // There is no view of nothing.
            Some((Node::List(_), _)) | None => {
                Json::List(self.items().into_iter().flatten().map(Self::to_json).collect())
            }
        }
    }
}

/// Values that stand side by side.
#[derive(Clone)]
struct Items<'a>(&'a [Node<'a>]);

impl<'a> Iterator for Items<'a> {
    type Item = View<'a>;

    fn next(&mut self) -> Option<View<'a>> {
        let within = match self.0.first()? {
            Node::List(within) | Node::Map(within) => *within,
            _ => 0,
        };
        let (value, rest) = self.0.split_at_checked(1 + within)?;
        self.0 = rest;
        Some(View(value))
    }
}

/// Names and values in turn.
#[derive(Clone)]
struct Members<'a>(Items<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, View<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.0.next()?.as_text()?, self.0.next()?))
    }
}
