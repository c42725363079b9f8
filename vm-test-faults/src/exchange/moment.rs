//! What happens on connections, for those who count it. Data only.

/// Something that happens on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It has begun.
    Started,
    /// The client has begun a request.
    Request,
    /// The client has got a reply, or an answer in its place.
    Reply,
    /// It has ended.
    Ended,
}
