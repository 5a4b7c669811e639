//! What can be seen of a value of a packet: all of it, some of its bits, or not even whether it is there.

/// Yes, no, or what it hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tri {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// Nobody can tell, and what it hangs on.
    Perhaps(&'static str),
}

impl From<bool> for Tri {
    fn from(yes: bool) -> Self {
        if yes { Tri::Yes } else { Tri::No }
    }
}

/// A value of a packet.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Seen<'a> {
    /// A number of which the `known` bits are told.
    Bits {
        /// The number; bits that are not known are 0.
        value: u128,
        /// The bits that are known.
        known: u128,
        /// What the others hang on.
        why: &'static str,
    },
    /// Not told, and it may as well not be there: what it hangs on.
    Obscure(&'static str),
    /// The name of an interface; `None` when it is not known. Never the loopback interface.
    Interface(Option<&'a str>),
    /// At this point of its way it has no such interface.
    NoInterface,
    /// This packet has no such thing: no comparison with it holds.
    Absent,
}

impl Seen<'_> {
    /// A number that is known.
    pub(super) fn number(value: u128) -> Self {
        Seen::Bits { value, known: u128::MAX, why: "" }
    }

    /// A number that is not known.
    pub(super) fn untold(why: &'static str) -> Self {
        Seen::Bits { value: 0, known: 0, why }
    }

    /// A number that may not be known.
    pub(super) fn perhaps(value: Option<u128>, why: &'static str) -> Self {
        value.map_or(Seen::untold(why), Seen::number)
    }
}
