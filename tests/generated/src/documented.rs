//! Fields whose documentation has links, which mean something beside their field only, and examples, which are
//! run once.

use repo_core::Repository;
use uuid::Uuid;

/// An order.
#[derive(Debug, Clone, Repository)]
#[repository(table = "orders", unique(number))]
pub struct Order {
    /// The id of [`Self`].
    pub id: Uuid,
    /// The number, in words.
    ///
    /// See [`Self::total`] and [`Order::net`].
    ///
    /// ```
    /// assert_eq!("A-7".len(), 3);
    /// ```
    pub number: String,
    /// [`Self::total`] is made of this; see also [the tax].
    ///
    /// [the tax]: Self::tax
    #[repository(default = 0)]
    pub net: i64,
    /// What goes to the state, of [`Self::net`].
    #[repository(default = 0)]
    pub tax: i64,
    #[doc(hidden)]
    #[repository(references = Order)]
    pub former: Option<Uuid>,
    /// Nobody sees [`Self::id`] from here.
    #[allow(rustdoc::private_intra_doc_links, reason = "it is only seen inside")]
    note: Option<String>,
}

impl Order {
    /// What is paid.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.net + self.tax + i64::from(self.note.is_none())
    }
}
