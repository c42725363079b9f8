//! The encoding of a setting: the number of its row, then its value.

use vm_test_settings::guest::{KEYS, Kind, Placements, Setting, Sizes, Text, Texts};
use vm_test_settings::placement::Placement;

#[test]
fn every_setting_travels_as_the_number_of_its_row_and_its_value() {
    for (row, key) in (0_u8..).zip(KEYS) {
        let (setting, value) = match key.kind {
            Kind::Choice(_, make) | Kind::Word(_, make) => {
                (make(Text::Borrowed("kvm")), &b"\x03kvm"[..])
            }
            Kind::Words(_, make) => {
                let texts = Texts::Borrowed(&[Text::Borrowed("A"), Text::Borrowed("B")]);
                (make(texts), &b"\x02\x01A\x01B"[..])
            }
            Kind::Quantity(_, make) => (make(128), &b"\x80\x01"[..]),
            Kind::Quantities(_, make) => (make(Sizes::Borrowed(&[1, 2])), &b"\x02\x01\x02"[..]),
            Kind::Count(_, make) => (make(2), &b"\x02"[..]),
            Kind::Placements(make) => {
                let one = Placement {
                    from: Text::Borrowed("a"),
                    to: Text::Borrowed("/b"),
                };
                (make(Placements::Owned(vec![one])), &b"\x01\x01a\x02/b"[..])
            }
            Kind::Flag(make) => (make(true), &b"\x01"[..]),
        };
        let bytes = postcard::to_stdvec(&setting).unwrap();
        assert_eq!(bytes, [&[row], value].concat(), "{}", key.name);
        assert_eq!(postcard::from_bytes::<Setting>(&bytes), Ok(setting));
    }
}
