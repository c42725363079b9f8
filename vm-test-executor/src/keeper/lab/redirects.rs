//! What the kernel hands on by itself of the frames that come in through an interface, in the order
//! of its rules for traffic: a program says which frames, and an interface where to. Decides about
//! none.

use super::links::Links;
use netlink_packet_core::{DefaultNla, Emitable, NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::tc::{
    TcAction, TcActionAttribute, TcActionMirror, TcActionMirrorOption, TcActionOption,
    TcActionType, TcAttribute, TcFilterBpf, TcHandle, TcMessage, TcMirror, TcMirrorActionType,
    TcOption,
};
use std::io::{self, ErrorKind};
use vm_test_sys::packet_program::Program;

/// The kind of what rules for incoming traffic belong to.
const RULES: &str = "clsact";

/// The attributes of a rule with a program: what is done, the length of the program in steps, and the
/// program.
const ACTION: u16 = 1;
const STEPS: u16 = 4;
const PROGRAM: u16 = 5;

/// How many bytes a step has.
const STEP: usize = 8;

/// Frames of all protocols, in the order of bytes of a network.
const ALL: u32 = (libc::ETH_P_ALL as u16).to_be() as u32;

impl Links {
    /// Has the kernel hand frames that come in through an interface on, each to the first of these
    /// interfaces whose program does not answer 0. They come in nowhere else then, but a packet
    /// socket sees them before.
    ///
    /// # Errors
    /// If the kernel has no such rules, or one of the interfaces is gone. Some may be there then.
    pub(super) fn redirect(
        &mut self,
        interface: &str,
        exits: &[(String, Program)],
    ) -> io::Result<()> {
        let mut rules = self.rules(interface)?;
        rules.attributes = vec![TcAttribute::Kind(RULES.to_owned())];
        let flags = NLM_F_CREATE | NLM_F_EXCL;
        self.ask(RouteNetlinkMessage::NewQueueDiscipline(rules), flags)?;
        for (number, (exit, program)) in (1..).zip(exits) {
            let rule = self.rule(interface, number, exit, program)?;
            self.ask(RouteNetlinkMessage::NewTrafficFilter(rule), flags)?;
        }
        Ok(())
    }

    /// Has the kernel hand nothing on that comes in through an interface.
    pub(super) fn redirect_nothing(&mut self, interface: &str) -> io::Result<()> {
        let mut rules = self.rules(interface)?;
        rules.attributes = vec![TcAttribute::Kind(RULES.to_owned())];
        self.ask(RouteNetlinkMessage::DelQueueDiscipline(rules), 0)
    }

    /// Returns a message about the rules of an interface.
    fn rules(&self, interface: &str) -> io::Result<TcMessage> {
        let number = i32::try_from(self.number_of(interface)?);
        let mut rules = TcMessage::with_index(number.map_err(|_| ErrorKind::InvalidInput)?);
        rules.header.handle = TcHandle {
            major: u16::MAX,
            minor: 0,
        };
        rules.header.parent = TcHandle::CLSACT;
        Ok(rules)
    }

    /// Returns a message that makes a rule, the one with this number.
    fn rule(
        &self,
        interface: &str,
        number: u16,
        exit: &str,
        program: &Program,
    ) -> io::Result<TcMessage> {
        let mut mirror = TcMirror::default();
        mirror.generic.action = TcActionType::Stolen;
        mirror.eaction = TcMirrorActionType::EgressRedir;
        mirror.ifindex = self.number_of(exit)?;
        let mut action = TcAction::default();
        let to = TcActionOption::Mirror(TcActionMirrorOption::Parms(mirror));
        action.attributes = vec![
            TcActionAttribute::Kind(TcActionMirror::KIND.to_owned()),
            TcActionAttribute::Options(vec![to]),
        ];
        let bytes = program.to_bytes();
        let steps = u16::try_from(bytes.len() / STEP).map_err(|_| ErrorKind::InvalidInput)?;
        let option = |kind, bytes| TcOption::Other(DefaultNla::new(kind, bytes));
        let mut rule = self.rules(interface)?;
        rule.header.handle = TcHandle::UNSPEC;
        rule.header.parent.minor = TcHandle::MIN_INGRESS;
        rule.header.info = u32::from(number) << 16 | ALL;
        rule.attributes = vec![
            TcAttribute::Kind(TcFilterBpf::KIND.to_owned()),
            TcAttribute::Options(vec![
                option(ACTION, bytes_of(&action)),
                option(STEPS, steps.to_ne_bytes().to_vec()),
                option(PROGRAM, bytes),
            ]),
        ];
        Ok(rule)
    }
}

/// Returns a list of attributes with this one alone, as bytes.
fn bytes_of(action: &TcAction) -> Vec<u8> {
    let list = std::slice::from_ref(action);
    let mut bytes = vec![0; list.buffer_len()];
    list.emit(&mut bytes);
    bytes
}
