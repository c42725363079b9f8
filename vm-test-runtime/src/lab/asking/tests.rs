//! Futures that ask beside threads, and futures that are dropped at each stage.

use super::super::patience::wait_for;
use super::super::questions::MOST_WAITING;
use super::*;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Waker;
use std::time::Duration;
use vm_test_protocol::body::{FromBody, ToBody};
use vm_test_protocol::lab::{Answered, Asked};

const PATIENCE: Duration = Duration::from_secs(20);

struct Scripted {
    asked: Mutex<Sender<Asked>>,
    heard: Mutex<Receiver<ToBody>>,
}

/// An exchange, and the other end of its line.
struct Host {
    exchange: &'static Exchange,
    line: &'static Scripted,
    asked: Receiver<Asked>,
    tell: Sender<ToBody>,
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
        heard.map_err(|_| io::ErrorKind::UnexpectedEof.into())
    }
}

impl Host {
    fn new() -> Self {
        let (sender, asked) = channel();
        let (tell, heard) = channel();
        let line = Scripted {
            asked: Mutex::new(sender),
            heard: Mutex::new(heard),
        };
        Self {
            exchange: Box::leak(Box::new(Exchange::new())),
            line: Box::leak(Box::new(line)),
            asked,
            tell,
        }
    }

    fn asking(&self, question: Question) -> Asking {
        Asking::on(self.exchange, self.line, question)
    }

    fn next_asked(&self) -> Asked {
        self.asked.recv_timeout(PATIENCE).unwrap()
    }

    fn answer(&self, number: u64, answer: Answer) {
        let answered = Box::new(Answered { number, answer });
        self.tell.send(ToBody::Answered(answered)).unwrap();
    }
}

fn next(task: u64) -> Question {
    Question::Next { task }
}

fn start() -> Question {
    Question::Start {
        node: "a".to_owned(),
        work: vm_test_protocol::lab::Work::Call(Vec::new()),
    }
}

/// Polls once; the answer must not be there.
fn poll_in_vain(asking: &mut Asking) {
    let mut context = Context::from_waker(Waker::noop());
    assert!(Pin::new(asking).poll(&mut context).is_pending());
}

#[test]
fn nothing_is_asked_before_the_first_poll_and_the_answer_wakes() {
    let host = Host::new();
    let asking = host.asking(next(5));
    assert!(host.asked.try_recv().is_err());
    let waiting = std::thread::spawn(move || wait_for(asking, PATIENCE));
    let asked = host.next_asked();
    assert_eq!(asked.question, next(5));
    host.answer(asked.number, Answer::NoMore);
    assert_eq!(waiting.join().unwrap(), Some(Answer::NoMore));
}

#[test]
fn futures_and_threads_get_their_own_answers() {
    let host = Host::new();
    std::thread::scope(|scope| {
        let begun: Vec<_> = (0..24_u64)
            .map(|task| {
                let (exchange, line) = (host.exchange, host.line);
                let asking = host.asking(next(task));
                scope.spawn(move || {
                    let answer = if task % 3 == 0 {
                        exchange.ask(line, next(task)).ok()
                    } else {
                        wait_for(asking, PATIENCE)
                    };
                    (task, answer)
                })
            })
            .collect();
        let mut asked: Vec<_> = (0..24).map(|_| host.next_asked()).collect();
        asked.sort_by_key(|asked| asked.number % 5);
        for asked in asked {
            let Question::Next { task } = asked.question else {
                panic!("{asked:?}");
            };
            host.answer(asked.number, Answer::Next(vec![task as u8]));
        }
        for thread in begun {
            let (task, answer) = thread.join().unwrap();
            assert_eq!(answer, Some(Answer::Next(vec![task as u8])));
        }
    });
}

#[test]
fn a_future_that_is_dropped_before_its_answer_takes_none_from_others() {
    let host = Host::new();
    let mut dropped = host.asking(next(1));
    poll_in_vain(&mut dropped);
    let first = host.next_asked();
    drop(dropped);
    let asking = host.asking(next(2));
    let waiting = std::thread::spawn(move || wait_for(asking, PATIENCE));
    let second = host.next_asked();
    host.answer(first.number, Answer::Next(vec![1]));
    host.answer(second.number, Answer::Next(vec![2]));
    assert_eq!(waiting.join().unwrap(), Some(Answer::Next(vec![2])));
}

#[test]
fn what_a_dropped_future_has_started_is_killed_before_and_after_the_answer() {
    let killed = Question::Finish {
        task: 7,
        kill: true,
    };
    // The future is dropped, then the answer comes.
    let host = Host::new();
    let mut dropped = host.asking(start());
    poll_in_vain(&mut dropped);
    let asked = host.next_asked();
    drop(dropped);
    host.answer(asked.number, Answer::Started(7));
    assert_eq!(host.next_asked().question, killed);
    // The answer comes, then the future is dropped.
    let host = Host::new();
    let mut dropped = host.asking(start());
    poll_in_vain(&mut dropped);
    let asked = host.next_asked();
    host.answer(asked.number, Answer::Started(7));
    // It has arrived once a later one has.
    let asking = host.asking(next(1));
    let waiting = std::thread::spawn(move || wait_for(asking, PATIENCE));
    let second = host.next_asked();
    host.answer(second.number, Answer::NoMore);
    assert_eq!(waiting.join().unwrap(), Some(Answer::NoMore));
    drop(dropped);
    assert_eq!(host.next_asked().question, killed);
}

#[test]
fn a_future_waits_for_room_and_asks_when_there_is_some() {
    let host = Host::new();
    let mut open: Vec<_> = (0..MOST_WAITING as u64)
        .map(|task| host.asking(next(task)))
        .collect();
    open.iter_mut().for_each(poll_in_vain);
    let numbers: Vec<_> = open.iter().map(|_| host.next_asked().number).collect();
    let asking = host.asking(next(99));
    let waiting = std::thread::spawn(move || wait_for(asking, PATIENCE));
    let more = Duration::from_millis(50);
    assert!(host.asked.recv_timeout(more).is_err());
    // Dropped questions are open until they are answered.
    drop(open);
    assert!(host.asked.recv_timeout(more).is_err());
    // What ends tasks has room nevertheless.
    let kill = Question::Finish {
        task: 3,
        kill: true,
    };
    let mut killing = host.asking(kill.clone());
    poll_in_vain(&mut killing);
    let asked = host.next_asked();
    assert_eq!(asked.question, kill);
    host.answer(asked.number, Answer::NoMore);
    host.answer(numbers[3], Answer::NoMore);
    let asked = host.next_asked();
    assert_eq!(asked.question, next(99));
    host.answer(asked.number, Answer::Taken);
    assert_eq!(waiting.join().unwrap(), Some(Answer::Taken));
}

#[test]
fn when_the_connection_closes_every_future_learns_it() {
    let host = Host::new();
    let threads: Vec<_> = (0..4)
        .map(|task| {
            let asking = host.asking(next(task));
            std::thread::spawn(move || wait_for(asking, PATIENCE))
        })
        .collect();
    for _ in 0..4 {
        host.next_asked();
    }
    drop(host.tell);
    for thread in threads {
        let answer = thread.join().unwrap();
        assert!(matches!(answer, Some(Answer::Refused(_))), "{answer:?}");
    }
}
