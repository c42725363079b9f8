//! Functions of every form are called, as another process would call them.

use super::*;
use std::collections::BTreeMap;
use std::time::Duration;

const MOST: usize = 1 << 16;

/// Calls a function as another process would.
fn call<A, R>(function: Function<A, R>, argument: &A) -> Result<R, Refusal>
where
    A: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned,
{
    let argument = function.encode(argument, MOST)?;
    function.decode(&function.address().call(&argument, MOST)?)
}

fn double(number: u32) -> u32 {
    2 * number
}

fn longest<T: Clone + AsRef<str>>(words: Vec<T>) -> Option<T> {
    words.into_iter().max_by_key(|word| word.as_ref().len())
}

struct Counter;

impl Counter {
    fn count(text: String) -> BTreeMap<char, usize> {
        let mut counts = BTreeMap::new();
        text.chars()
            .for_each(|letter| *counts.entry(letter).or_default() += 1);
        counts
    }
}

#[test]
fn functions_closures_methods_and_generic_functions_are_called() {
    assert_eq!(call(Function::of(double), &21), Ok(42));
    assert_eq!(call(Function::of(|number: u32| number + 1), &1), Ok(2));
    assert_eq!(
        call(Function::of(|(): ()| "word".to_owned()), &()),
        Ok("word".to_owned())
    );
    let words = ["a", "abc", "ab"].map(str::to_owned).to_vec();
    assert_eq!(
        call(Function::of(longest::<String>), &words),
        Ok(Some("abc".to_owned()))
    );
    let counts = call(Function::of(Counter::count), &"aba".to_owned()).unwrap();
    assert_eq!(counts, BTreeMap::from([('a', 2), ('b', 1)]));
    let times = (1..4).map(Duration::from_millis).collect::<Vec<_>>();
    let sum = Function::of(|times: Vec<Duration>| times.iter().sum::<Duration>());
    assert_eq!(call(sum, &times), Ok(Duration::from_millis(6)));
}

#[test]
fn two_closures_of_one_function_are_two_functions() {
    let (one, two) = (Function::of(|(): ()| 1), Function::of(|(): ()| 2));
    assert_ne!(one.address(), two.address());
    assert_eq!((call(one, &()), call(two, &())), (Ok(1), Ok(2)));
}

#[test]
fn an_error_of_the_function_is_a_result_like_any_other() {
    let parse = Function::of(|text: String| text.parse::<u8>().map_err(|error| error.to_string()));
    assert_eq!(call(parse, &"12".to_owned()), Ok(Ok(12)));
    let error = call(parse, &"300".to_owned()).unwrap().unwrap_err();
    assert_eq!(error, "number too large to fit in target type");
}

#[test]
fn a_panic_of_the_function_passes_through() {
    let function = Function::of(|(): ()| -> u8 { panic!("no more") });
    let payload = std::panic::catch_unwind(|| call(function, &())).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"no more"));
}

#[test]
fn a_result_that_is_cut_or_too_long_is_refused() {
    let function = Function::of(|(): ()| (1_u8, 2_u8));
    let result = |bytes: &[u8]| function.decode(bytes);
    assert_eq!(result(&[1, 2]), Ok((1, 2)));
    assert!(matches!(result(&[1]), Err(Refusal::Result(_))));
    assert_eq!(
        result(&[1, 2, 3]),
        Err(Refusal::Result("1 bytes too many".to_owned()))
    );
}

#[test]
fn a_value_that_is_too_long_is_refused_on_the_side_where_it_is() {
    let function = Function::of(|length: usize| vec![0_u8; length]);
    let longer = "it is longer than 65536 bytes, the most that is sent".to_owned();
    // Three bytes say how long it is.
    assert_eq!(call(function, &(MOST - 3)).map(|it| it.len()), Ok(MOST - 3));
    for length in [MOST - 2, MOST, 100 << 20] {
        assert_eq!(
            call(function, &length),
            Err(Refusal::Result(longer.clone()))
        );
    }
    let takes = Function::of(|bytes: Vec<u8>| bytes.len());
    assert_eq!(call(takes, &vec![0; MOST]), Err(Refusal::Argument(longer)));
}

#[test]
fn what_cannot_be_encoded_is_refused_on_the_side_where_it_is() {
    /// A value that serde cannot encode.
    #[derive(Clone, Debug, PartialEq)]
    struct Unsendable;
    impl Serialize for Unsendable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("not this one"))
        }
    }
    impl<'de> serde::Deserialize<'de> for Unsendable {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Ok(Self)
        }
    }
    let takes = Function::of(|_: Unsendable| ());
    assert!(matches!(
        call(takes, &Unsendable),
        Err(Refusal::Argument(_))
    ));
    let returns = Function::of(|(): ()| Unsendable);
    assert!(matches!(call(returns, &()), Err(Refusal::Result(_))));
}
