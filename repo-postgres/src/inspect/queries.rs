//! The questions to the catalog. The parameter is the quoted name of a table, looked up as in a statement.
//!
//! `to_jsonb` reads columns of the catalog that not every version of Postgres has.

/// One row where something of that name is there: whether it is a table, and what is wrong with it, if anything.
pub(super) const TABLE: &str = "
SELECT c.relkind IN ('r', 'p'),
  CASE
    WHEN c.relpersistence = 'u' THEN 'is UNLOGGED: a crash empties it'
    WHEN c.relpersistence = 't' THEN 'is TEMPORARY'
    WHEN EXISTS (SELECT FROM pg_catalog.pg_rewrite r
                 WHERE r.ev_class = c.oid AND r.ev_enabled <> 'D')
      THEN 'has a rule, which does something else instead'
  END
FROM pg_catalog.pg_class c
WHERE c.oid = to_regclass($1)";

/// Whether it is partitioned, whether others inherit from it, and whether it is part of another: a partition,
/// or one that inherits.
pub(super) const FAMILY: &str = "
SELECT c.relkind = 'p',
       c.relkind <> 'p' AND EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid),
       EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid)
FROM pg_catalog.pg_class c
WHERE c.oid = to_regclass($1)";

/// What is wrong with the sequence that numbers entries outside of a chain, if anything. Its next number is never below
/// its minimum.
pub(super) const UNCHAINED: &str = "
SELECT CASE
    WHEN s.relkind IS DISTINCT FROM 'S'
      THEN 'has no sequence `repo_audit_unchained`, which numbers entries outside of a chain'
    WHEN s.relnamespace <> c.relnamespace
      THEN 'is in another schema than the sequence `repo_audit_unchained` that the search path finds'
    WHEN q.seqmin < 4611686018427387904 OR q.seqcycle OR q.seqincrement < 0
      THEN 'has a sequence `repo_audit_unchained` that may give numbers of a chain, or give numbers again: run '
        || '`ALTER SEQUENCE repo_audit_unchained INCREMENT BY 1 NO CYCLE; '
        || 'SELECT setval(''repo_audit_unchained'', greatest(4611686018427387904, max(seq), '
        || 'nextval(''repo_audit_unchained''))) FROM repo_audit; '
        || 'ALTER SEQUENCE repo_audit_unchained MINVALUE 4611686018427387904 START WITH 4611686018427387904`'
  END
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_class s ON s.oid = to_regclass('repo_audit_unchained')
LEFT JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid
WHERE c.oid = to_regclass($1)";

/// Name, whether it takes NULL (where none of its domains says otherwise), its type (of a domain the type
/// below), the collation unless that orders by bytes, whether it is computed from others, `a` or `d` of an
/// identity, whether a sequence of its own numbers it, whether a row that says nothing of it may have a value
/// there (of a default, also its domain's, or of a trigger), the last number of its sequence unless that is the
/// last of all, whether its sequence starts again, a check of its domains, and whether its sequence goes down.
pub(super) const COLUMNS: &str = "
WITH RECURSIVE types AS (
  SELECT attnum, atttypid AS type, atttypmod AS modifier
  FROM pg_catalog.pg_attribute
  WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT d.attnum, t.typbasetype, t.typtypmod
  FROM types d JOIN pg_catalog.pg_type t ON t.oid = d.type AND t.typtype = 'd'
)
SELECT a.attname::text,
       NOT a.attnotnull AND NOT EXISTS (
         SELECT FROM types d JOIN pg_catalog.pg_type n ON n.oid = d.type
         WHERE d.attnum = a.attnum AND n.typnotnull),
       format_type(b.type, b.modifier),
       (SELECT c.collname::text
        FROM pg_catalog.pg_collation c, pg_catalog.pg_database d
        WHERE c.oid = a.attcollation AND d.datname = current_database() AND NOT
          CASE c.collprovider
            WHEN 'b' THEN true
            WHEN 'c' THEN c.collcollate::text IN ('C', 'POSIX')
            WHEN 'd' THEN CASE coalesce(to_jsonb(d) ->> 'datlocprovider', 'c')
              WHEN 'b' THEN true
              WHEN 'c' THEN d.datcollate::text IN ('C', 'POSIX')
              ELSE false END
            ELSE false END),
       a.attgenerated <> '',
       a.attidentity::text,
       a.attidentity = 'd'
         OR a.atthasdef AND pg_get_serial_sequence($1, a.attname::text) IS NOT NULL,
       a.atthasdef OR a.attidentity <> ''
         OR EXISTS (SELECT FROM pg_catalog.pg_type o
                    WHERE o.oid = a.atttypid AND o.typdefaultbin IS NOT NULL)
         OR EXISTS (SELECT FROM pg_catalog.pg_trigger g
                    WHERE g.tgrelid = a.attrelid AND g.tgtype & 7 = 7 AND g.tgenabled IN ('O', 'A')),
       nullif(s.seqmax, 9223372036854775807)::text,
       coalesce(s.seqcycle, false),
       (SELECT min(c.conname::text) FROM types d JOIN pg_catalog.pg_constraint c ON c.contypid = d.type
        WHERE d.attnum = a.attnum AND c.contype = 'c'),
       coalesce(s.seqincrement < 0, false)
FROM pg_catalog.pg_attribute a
JOIN types b ON b.attnum = a.attnum
JOIN pg_catalog.pg_type t ON t.oid = b.type AND t.typtype <> 'd'
LEFT JOIN LATERAL (
  SELECT d.objid AS sequence FROM pg_catalog.pg_depend d
  WHERE d.classid = 'pg_catalog.pg_class'::regclass
    AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = a.attrelid
    AND d.refobjsubid = a.attnum AND d.deptype = 'i'
  UNION ALL
  SELECT d.refobjid FROM pg_catalog.pg_depend d
  JOIN pg_catalog.pg_attrdef f ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = f.oid
  WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum
    AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> a.attrelid
  LIMIT 1) own ON true
LEFT JOIN pg_catalog.pg_sequence s ON s.seqrelid = own.sequence
WHERE a.attrelid = to_regclass($1)
ORDER BY a.attnum";

/// A row for each column of each unique index: name, column, primary, predicate, the column whose
/// `IS NULL` the predicate is, and whether it is in use, holds NULLs for distinct, and compares text as its
/// columns do.
pub(super) const KEYS: &str = "
SELECT x.relname::text,
       coalesce(a.attname::text, '(an expression)'),
       i.indisprimary,
       pg_get_expr(i.indpred, i.indrelid),
       (SELECT p.attname::text FROM pg_catalog.pg_attribute p
        WHERE p.attrelid = i.indrelid AND p.attnum > 0
          AND pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NULL)', p.attname)),
       i.indisvalid AND i.indisready AND i.indislive AND i.indimmediate,
       NOT coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false),
       NOT EXISTS (
         SELECT FROM unnest(i.indkey::int2[], i.indcollation::oid[]) AS u (attnum, compared)
         JOIN pg_catalog.pg_collation c ON c.oid = u.compared AND NOT c.collisdeterministic
         LEFT JOIN pg_catalog.pg_attribute b ON b.attrelid = i.indrelid AND b.attnum = u.attnum
         WHERE b.attcollation IS DISTINCT FROM u.compared)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position)
LEFT JOIN pg_catalog.pg_attribute a
  ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum <> 0
WHERE i.indrelid = to_regclass($1) AND i.indisunique AND k.position <= i.indnkeyatts
ORDER BY x.relname, k.position";

/// A row for each column of each index over all rows that is read in order: name, column, whether its highest value
/// comes first, and whether the index is in use. A column that is compared or ordered in a way of its own is in brackets.
pub(super) const INDEXES: &str = "
SELECT x.relname::text,
       CASE
         WHEN a.attnum IS NULL THEN '(an expression)'
         WHEN NOT o.opcdefault THEN format('(%s %s)', a.attname, o.opcname)
         WHEN k.compared NOT IN (0, a.attcollation)
           THEN format('(%s COLLATE %s)', a.attname, k.compared::regcollation)
         WHEN k.flags NOT IN (0, 3)
           THEN format('(%s NULLS %s)', a.attname, CASE WHEN k.flags & 2 = 0 THEN 'LAST' ELSE 'FIRST' END)
         ELSE a.attname::text
       END,
       k.flags & 1 = 1,
       i.indisvalid AND i.indisready AND i.indislive
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_am m ON m.oid = x.relam AND m.amname = 'btree'
CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[], i.indoption::int2[])
  WITH ORDINALITY AS k (attnum, class, compared, flags, position)
JOIN pg_catalog.pg_opclass o ON o.oid = k.class
LEFT JOIN pg_catalog.pg_attribute a
  ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum <> 0
WHERE i.indrelid = to_regclass($1) AND i.indpred IS NULL AND k.position <= i.indnkeyatts
ORDER BY x.relname, k.position";

/// A row for each column of each foreign key: name, column, parent, column of the parent, action, whether
/// it is enforced (validated, and none of its triggers disabled), is not MATCH FULL, does not wait for
/// the commit, and whether it changes rows when the key that they refer to changes.
pub(super) const REFERENCES: &str = "
SELECT c.conname::text,
       a.attname::text,
       CASE WHEN pg_table_is_visible(p.oid) THEN p.relname::text
            ELSE format('%s.%s', n.nspname, p.relname) END,
       b.attname::text,
       c.confdeltype::text,
       c.convalidated
         AND coalesce((to_jsonb(c) ->> 'conenforced')::boolean, true)
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t
                         WHERE t.tgconstraint = c.oid AND t.tgenabled IN ('D', 'R')),
       c.confmatchtype <> 'f',
       NOT c.condeferred,
       c.confupdtype NOT IN ('a', 'r')
FROM pg_catalog.pg_constraint c
JOIN pg_catalog.pg_class p ON p.oid = c.confrelid
JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace
CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY AS k (child, parent, position)
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.child
JOIN pg_catalog.pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.parent
WHERE c.conrelid = to_regclass($1) AND c.contype = 'f'
ORDER BY c.conname, k.position";

/// Name, condition, and whether it is enforced.
pub(super) const CHECKS: &str = "
SELECT c.conname::text,
       pg_get_expr(c.conbin, c.conrelid),
       c.convalidated AND coalesce((to_jsonb(c) ->> 'conenforced')::boolean, true)
FROM pg_catalog.pg_constraint c
WHERE c.conrelid = to_regclass($1) AND c.contype = 'c'";

/// Name, what it does in the form of the dialect's triggers, whether it always fires, and whether it never
/// does.
pub(super) const TRIGGERS: &str = "
SELECT t.tgname::text,
       concat_ws(' ',
         CASE t.tgtype
           WHEN 7 THEN 'BEFORE INSERT FOR EACH ROW'
           WHEN 27 THEN 'BEFORE UPDATE OR DELETE FOR EACH ROW'
           WHEN 34 THEN 'BEFORE TRUNCATE FOR EACH STATEMENT'
           ELSE 'of another kind'
         END,
         CASE WHEN cardinality(t.tgattr::int2[]) > 0 THEN 'of some columns' END,
         CASE WHEN t.tgqual IS NOT NULL THEN 'under a condition' END,
         p.prosrc),
       t.tgenabled = 'A',
       t.tgenabled = 'D'
FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
WHERE t.tgrelid = to_regclass($1) AND NOT t.tgisinternal";

/// What is wrong with the row-level security of the table, if anything.
pub(super) const ROW_SECURITY: &str = "
SELECT CASE
    WHEN NOT c.relrowsecurity THEN 'has no row-level security enabled'
    WHEN NOT c.relforcerowsecurity THEN 'does not FORCE row-level security on its owner'
  END
FROM pg_catalog.pg_class c
WHERE c.oid = to_regclass($1)";

/// Where row-level security binds whoever asks, a row with the name of each policy, or one without.
pub(super) const BINDING_POLICIES: &str = "
SELECT p.polname::text
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid
WHERE c.oid = to_regclass($1) AND row_security_active(c.oid)";

/// Name, command, permissive, for all roles, what it shows, what it takes.
pub(super) const POLICIES: &str = "
SELECT p.polname::text,
       CASE p.polcmd WHEN '*' THEN 'ALL' WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
                     WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' END,
       p.polpermissive,
       p.polroles = '{0}',
       pg_get_expr(p.polqual, p.polrelid),
       pg_get_expr(p.polwithcheck, p.polrelid)
FROM pg_catalog.pg_policy p
WHERE p.polrelid = to_regclass($1)
ORDER BY p.polname";
