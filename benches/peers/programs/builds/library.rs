//! The libraries, what a crate depends on to use them, and an entity of 14 columns as each has it.

/// Whose derives are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Library {
    Ours,
    SeaOrm,
    SeaOrmDense,
    Diesel,
    EntityDerive,
    Toasty,
    Sqlx,
}

impl Library {
    pub(crate) const ALL: [Self; 7] = [
        Self::Ours,
        Self::SeaOrm,
        Self::SeaOrmDense,
        Self::Diesel,
        Self::EntityDerive,
        Self::Toasty,
        Self::Sqlx,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "repository",
            Self::SeaOrm => "SeaORM 2.0.4",
            Self::SeaOrmDense => "SeaORM 2.0.4, dense",
            Self::Diesel => "Diesel 2.3.14",
            Self::EntityDerive => "entity-derive 0.22.8",
            Self::Toasty => "Toasty 0.11.0",
            Self::Sqlx => "sqlx 0.9.0, `FromRow`",
        }
    }

    /// A word for folders.
    pub(crate) fn word(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// A word for what is compiled: the same where the dependencies are.
    pub(crate) fn family(self) -> String {
        if self == Self::SeaOrmDense { Self::SeaOrm.word() } else { self.word() }
    }

    /// The lines under `[dependencies]`, beside those of all.
    pub(crate) fn dependencies(self, workspace: &str) -> String {
        match self {
            Self::Ours => format!(
                "repo-core = {{ path = \"{workspace}/repo-core\" }}\n\
                 repo-sqlite = {{ path = \"{workspace}/repo-sqlite\" }}\n"
            ),
            Self::SeaOrm | Self::SeaOrmDense => "sea-orm = { version = \"=2.0.4\", default-features = false, \
                 features = [\"macros\", \"runtime-tokio\", \"sqlx-sqlite\", \"with-chrono\", \
                 \"with-json\", \"with-uuid\"] }\n"
                .to_owned(),
            Self::Diesel => "diesel = { version = \"=2.3.14\", default-features = false, \
                 features = [\"sqlite\", \"chrono\", \"r2d2\", \"returning_clauses_for_sqlite_3_35\"] }\n\
                 libsqlite3-sys = { version = \"0.37\", features = [\"bundled\"] }\n"
                .to_owned(),
            Self::EntityDerive => "entity-derive = { version = \"=0.22.8\", default-features = false, \
                 features = [\"postgres\"] }\n\
                 serde = { version = \"1\", features = [\"derive\"] }\n\
                 sqlx = { version = \"0.9\", features = [\"runtime-tokio\", \"postgres\", \"uuid\", \
                 \"chrono\", \"json\"] }\n"
                .to_owned(),
            Self::Toasty => {
                "toasty = { version = \"=0.11.0\", features = [\"sqlite\", \"jiff\", \"serde\"] }\n\
                 jiff = \"0.2\"\n"
                    .to_owned()
            }
            Self::Sqlx => "sqlx = { version = \"0.9\", default-features = false, features = [\"derive\", \
                 \"runtime-tokio\", \"sqlite-bundled\", \"uuid\", \"chrono\", \"json\"] }\n"
                .to_owned(),
        }
    }

    /// The entity number `n`.
    pub(crate) fn entity(self, n: usize) -> String {
        let fields = |time: &str, id: &str, json: &str| {
            format!(
                "    pub subject: String,\n    pub body: String,\n    pub status: String,\n    \
                 pub attempts: i64,\n    pub context: {json},\n    pub urgent: bool,\n    \
                 pub reporter: Option<String>,\n    {id}pub version: i64,\n    pub due_at: {time},\n    \
                 pub created_at: {time},\n    pub updated_at: {time},\n    \
                 pub deleted_at: Option<{time}>,\n"
            )
        };
        const TIME: &str = "chrono::DateTime<chrono::Utc>";
        const JSON: &str = "serde_json::Value";
        const KEYS: &str = "    pub id: uuid::Uuid,\n    pub tenant_id: uuid::Uuid,\n";
        match self {
            Self::Ours => format!(
                "#[derive(Debug, Clone, repo_core::Repository)]\n#[repository(table = \"tickets_{n}\", tenant, \
                 soft_delete, versioned, timestamps)]\n#[repository(index(status, created_at))]\n\
                 pub struct Ticket{n} {{\n{KEYS}{}}}\n",
                fields(TIME, "", JSON)
            ),
            Self::SeaOrm | Self::SeaOrmDense => {
                let dense = if self == Self::SeaOrmDense { "#[sea_orm::model]\n" } else { "" };
                let relation = if self == Self::SeaOrm {
                    "#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]\npub enum Relation {}\n"
                } else {
                    ""
                };
                format!(
                    "pub mod ticket{n} {{\nuse sea_orm::entity::prelude::*;\n{dense}\
                     #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]\n\
                     #[sea_orm(table_name = \"tickets_{n}\")]\npub struct Model {{\n    \
                     #[sea_orm(primary_key, auto_increment = false)]\n    pub id: Uuid,\n    \
                     pub tenant_id: Uuid,\n{}}}\n{relation}\
                     impl ActiveModelBehavior for ActiveModel {{}}\n}}\n",
                    fields("DateTimeUtc", "", "Json")
                )
            }
            Self::Diesel => format!(
                "pub mod ticket{n} {{\nuse diesel::prelude::*;\ndiesel::table! {{\n    tickets_{n} (id) {{\n    \
                 id -> Binary,\n    tenant_id -> Binary,\n    subject -> Text,\n    body -> Text,\n    \
                 status -> Text,\n    attempts -> BigInt,\n    context -> Text,\n    urgent -> Bool,\n    \
                 reporter -> Nullable<Text>,\n    version -> BigInt,\n    due_at -> TimestamptzSqlite,\n    \
                 created_at -> TimestamptzSqlite,\n    updated_at -> TimestamptzSqlite,\n    \
                 deleted_at -> Nullable<TimestamptzSqlite>,\n    }}\n}}\n\
                 #[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]\n\
                 #[diesel(table_name = tickets_{n}, check_for_backend(diesel::sqlite::Sqlite))]\n\
                 pub struct Ticket {{\n    pub id: Vec<u8>,\n    pub tenant_id: Vec<u8>,\n{}}}\n}}\n",
                fields(TIME, "", "String")
            ),
            Self::EntityDerive => format!(
                "#[derive(Debug, Clone, entity_derive::Entity)]\n#[entity(table = \"tickets_{n}\", soft_delete)]\n\
                 pub struct Ticket{n} {{\n    #[id]\n    pub id: uuid::Uuid,\n{}}}\n",
                entity_derive_fields(TIME, JSON)
            ),
            Self::Toasty => format!(
                "#[derive(Debug, toasty::Model)]\n#[table = \"tickets_{n}\"]\n\
                 #[key(partition = tenant_id, local = id)]\npub struct Ticket{n} {{\n{KEYS}{}}}\n",
                fields("jiff::Timestamp", "#[version]\n    ", "toasty::Json<serde_json::Value>")
                    .replace("version: i64", "version: u64")
                    .replace("pub context", "#[column(type = text)]\n    pub context")
            ),
            Self::Sqlx => format!(
                "#[derive(Debug, Clone, sqlx::FromRow)]\npub struct Ticket{n} {{\n{KEYS}{}}}\n",
                fields(TIME, "", JSON)
            ),
        }
    }
}

/// Each field says what it takes part in.
fn entity_derive_fields(time: &str, json: &str) -> String {
    let columns = [
        ("tenant_id", "uuid::Uuid", "#[field(create, response)]"),
        ("subject", "String", "#[field(create, update, response)]"),
        ("body", "String", "#[field(create, update, response)]"),
        ("status", "String", "#[field(create, update, response)]"),
        ("attempts", "i64", "#[field(create, update, response)]"),
        ("context", json, "#[field(create, update, response)]"),
        ("urgent", "bool", "#[field(create, update, response)]"),
        ("reporter", "Option<String>", "#[field(create, update, response)]"),
        ("version", "i64", "#[field(response)]\n    #[version]"),
        ("due_at", time, "#[field(create, update, response)]"),
        ("created_at", time, "#[field(response)]\n    #[auto]"),
        ("updated_at", time, "#[field(response)]\n    #[auto]"),
    ];
    let field = |(name, ty, attributes): (&str, &str, &str)| {
        format!("    {attributes}\n    pub {name}: {ty},\n")
    };
    let fields: String = columns.into_iter().map(field).collect();
    fields + &format!("    #[field(skip)]\n    pub deleted_at: Option<{time}>,\n")
}
