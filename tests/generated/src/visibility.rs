//! Every visibility, of the struct and of its fields.

use repo_core::Repository;
use uuid::Uuid;

/// A public entity with fields that are not.
#[derive(Debug, Clone, PartialEq, Eq, Repository)]
#[repository(table = "accounts")]
pub struct Account {
    id: Uuid,
    #[repository(unique)]
    pub(crate) name: String,
    balance: Balance,
}

/// A type that nobody outside can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, repo_core::ColumnType)]
struct Balance(i64);

#[derive(Debug, Repository)]
#[repository(table = "private")]
struct Private {
    id: i64,
    #[repository(default = false)]
    flag: bool,
}

#[derive(Debug, Repository)]
#[repository(table = "ours")]
pub(crate) struct Ours {
    pub(crate) id: i64,
    pub(self) name: String,
}

mod inner {
    use repo_core::Repository;

    #[derive(Debug, Repository)]
    #[repository(table = "parents")]
    pub(super) struct Parents {
        pub(super) id: i64,
        pub(in crate::visibility) name: String,
    }

    #[derive(Debug, Repository)]
    #[repository(table = "theirs", immutable)]
    pub(in crate::visibility) struct Theirs {
        pub(super) id: i64,
        #[repository(index)]
        name: Option<String>,
    }
}

/// All of them, as far as they can be named here.
#[must_use]
pub fn columns() -> Vec<String> {
    let account = NewAccount { name: "savings".to_owned(), balance: Balance(0) };
    vec![
        format!("{account:?} {:?} {:?}", Account::BALANCE, AccountPatch::new().balance(Balance(1))),
        format!("{:?} {:?}", Private::FLAG, NewPrivate {}.flag(true)),
        format!("{:?}", Ours::NAME),
        format!("{:?} {:?}", inner::Parents::NAME, inner::NewParents { name: String::new() }),
        format!("{:?}", inner::NewTheirs { name: None }),
    ]
}
