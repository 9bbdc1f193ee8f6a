//! Every sequence that once broke a promise, by name.

use gridvault_tests::{Cut, On};

use super::op::Op;
use super::run::run;

/// An instance opened while another writes read the head and the newest entry of two moments.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_opens_beside_a_writing_one_takes_the_head_for_what_it_is() {
    let mut ops = Vec::new();
    for n in 0..6 {
        ops.push(Op::LookAndLeave { door: 0, who: 0, turns: n });
        ops.push(Op::LookAndLeave { door: 0, who: 1, turns: 1 });
        ops.push(Op::Drop { door: 1 });
    }
    run(On::Postgres, ops).await;
}

/// A commit that was cut off behind the server's back is found, not made again, though an instance restarts around it.
#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_whose_commit_was_cut_is_made_once_and_obeyed_everywhere() {
    let mut ops = Vec::new();
    for cut in [Cut::After, Cut::Amid, Cut::Before] {
        for given in [false, true] {
            ops.extend([
                Op::Cut(cut),
                Op::Consent { door: 0, who: 0, given },
                Op::Look { door: 1, who: 0 },
                Op::Restart { door: 1 },
                Op::Look { door: 0, who: 0 },
            ]);
        }
    }
    run(On::Postgres, ops).await;
}
