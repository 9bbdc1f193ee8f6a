use gridvault_policy::{Asked, Book, Decision, Facts};

fn ask(book: &Book, facts: Facts, asked: &[Asked]) -> Decision {
    book.decide(facts, asked)
}

fn main() {}
