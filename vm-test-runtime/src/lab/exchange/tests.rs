//! Threads that ask at the same time, and the end of the connection.

use super::super::questions::MOST_WAITING;
use super::*;
use std::sync::Barrier;
use std::sync::mpsc::{Receiver, Sender, channel};
use vm_test_protocol::lab::Answered;

/// A line on which a test answers.
struct Scripted {
    asked: Mutex<Sender<Asked>>,
    heard: Mutex<Receiver<io::Result<ToBody>>>,
}

/// The test's end of it.
struct Host {
    asked: Receiver<Asked>,
    tell: Sender<io::Result<ToBody>>,
}

fn line() -> (Scripted, Host) {
    let (asked, receiver) = channel();
    let (tell, heard) = channel();
    let line = Scripted {
        asked: Mutex::new(asked),
        heard: Mutex::new(heard),
    };
    let host = Host {
        asked: receiver,
        tell,
    };
    (line, host)
}

impl Line for Scripted {
    fn ask(&self, question: &FromBody) -> io::Result<()> {
        let FromBody::Asked(asked) = question.clone() else {
            panic!("{question:?}");
        };
        self.asked.lock().unwrap().send(asked).unwrap();
        Ok(())
    }

    fn hear(&self) -> io::Result<ToBody> {
        let heard = self.heard.lock().unwrap().recv();
        heard.unwrap_or_else(|_| Err(io::ErrorKind::UnexpectedEof.into()))
    }
}

impl Host {
    fn answer(&self, asked: &Asked, answer: Answer) {
        let number = asked.number;
        let answered = Answered { number, answer };
        self.tell
            .send(Ok(ToBody::Answered(Box::new(answered))))
            .unwrap();
    }
}

fn next(task: u64) -> Question {
    Question::Next { task }
}

fn said(asked: &Asked) -> Answer {
    let Question::Next { task } = asked.question else {
        panic!("{asked:?}");
    };
    Answer::Next(task.to_le_bytes().to_vec())
}

#[test]
fn each_thread_gets_its_own_answer_in_whatever_order_they_arrive_and_whichever_thread_reads() {
    const THREADS: u64 = 16;
    let exchange = Exchange::new();
    let (line, host) = line();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|task| {
                let (exchange, line) = (&exchange, &line);
                scope.spawn(move || (task, exchange.ask(line, next(task)).unwrap()))
            })
            .collect();
        let asked: Vec<_> = host.asked.iter().take(THREADS as usize).collect();
        for asked in asked.iter().rev() {
            host.answer(asked, said(asked));
        }
        for thread in threads {
            let (task, answer) = thread.join().unwrap();
            assert_eq!(answer, Answer::Next(task.to_le_bytes().to_vec()));
        }
    });
}

#[test]
fn no_more_questions_are_open_than_an_agent_allows() {
    let exchange = Exchange::new();
    let (line, host) = line();
    std::thread::scope(|scope| {
        for task in 0..=MOST_WAITING as u64 {
            let (exchange, line) = (&exchange, &line);
            scope.spawn(move || exchange.ask(line, next(task)).unwrap());
        }
        let asked: Vec<_> = host.asked.iter().take(MOST_WAITING).collect();
        let more = std::time::Duration::from_millis(50);
        assert!(host.asked.recv_timeout(more).is_err());
        host.answer(&asked[0], said(&asked[0]));
        let last = host.asked.recv().unwrap();
        for asked in asked[1..].iter().chain([&last]) {
            host.answer(asked, said(asked));
        }
    });
}

#[test]
fn no_thread_reads_on_for_an_answer_that_another_one_has_heard() {
    const ROUNDS: u64 = 20_000;
    const THREADS: u64 = 4;
    let (done, all) = channel();
    // Threads that nobody joins: those that wait for ever are to fail the test, not to stop it.
    let exchange: &Exchange = Box::leak(Box::new(Exchange::new()));
    let (line, host) = line();
    let line: &Scripted = Box::leak(Box::new(line));
    // No answer of a next round helps a thread that waits for one that has been there.
    let round: &Barrier = Box::leak(Box::new(Barrier::new(THREADS as usize)));
    for task in 0..THREADS {
        let done = done.clone();
        std::thread::spawn(move || {
            for _ in 0..ROUNDS {
                let answer = exchange.ask(line, next(task)).unwrap();
                assert_eq!(answer, Answer::Next(task.to_le_bytes().to_vec()));
                round.wait();
            }
            done.send(task).unwrap();
        });
    }
    std::thread::spawn(move || {
        for asked in &host.asked {
            host.answer(&asked, said(&asked));
        }
    });
    for _ in 0..THREADS {
        let patience = std::time::Duration::from_secs(20);
        all.recv_timeout(patience).unwrap();
    }
}

#[test]
fn when_the_connection_closes_every_thread_learns_it() {
    let exchange = Exchange::new();
    let (line, host) = line();
    drop(host.tell);
    std::thread::scope(|scope| {
        for task in 0..4 {
            let (exchange, line) = (&exchange, &line);
            scope.spawn(move || {
                let answer = exchange.ask(line, next(task)).unwrap();
                assert!(matches!(answer, Answer::Refused(_)), "{answer:?}");
            });
        }
    });
}

#[test]
fn an_answer_that_nobody_has_asked_for_is_not_kept() {
    let exchange = Exchange::new();
    let (line, host) = line();
    let asked = |number| Asked {
        number,
        question: next(0),
    };
    host.answer(&asked(9), Answer::Taken);
    host.answer(&asked(1), Answer::NoMore);
    assert_eq!(exchange.ask(&line, next(0)).unwrap(), Answer::NoMore);
    assert!(exchange.lock().arrived.is_empty());
}
