//! Rounds of workloads on all sides, after their answers were compared.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use repo_core::Database;
use repo_core::audit::Chain;
use uuid::Uuid;

use crate::Result;
use crate::chain::ACTOR;
use crate::contenders::Kind;
use crate::entity::{AuditedTicket, NewAuditedTicket, Ticket};
use crate::place::Place;
use crate::report::{Line, Rival};
use crate::samples::Samples;
use crate::seed::{Seed, tickets};
use crate::side::{Answer, Contender, Input};
use crate::text_table;
use crate::workload::{KNOWN, System, Workload};

/// What is measured, on which sides.
pub struct Contest<'a> {
    /// Where the rows are.
    pub place: &'a Place,
    /// A repository's database there, to reset it and to look at what was written.
    pub database: Database,
    /// The rows.
    pub seed: &'a Seed,
    /// The repository first.
    pub sides: Vec<Box<dyn Contender>>,
}

/// A side, what it does, and as what it is reported.
#[derive(Debug, Clone, Copy)]
struct Entrant {
    side: usize,
    workload: Workload,
    kind: Kind,
    /// How many operations make a sample.
    operations: usize,
}

impl fmt::Debug for Contest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contest").field("place", self.place).finish_non_exhaustive()
    }
}

impl Contest<'_> {
    /// Compares the answers, measures, and reports.
    pub async fn measure(&self, workload: Workload, rounds: usize) -> Result<Line> {
        let entrants = self.compare(workload).await?;
        let samples = self.sample(&entrants, rounds).await?;
        let system = self.place.system();
        let rival = |(position, entrant): (usize, &Entrant)| Rival {
            name: entrant.kind.name(system).to_owned(),
            kind: format!("{:?}", entrant.kind),
            microseconds: samples.median(position),
            ratio: samples.ratio(0, position),
            target: workload.target(system, entrant.kind),
        };
        Ok(Line {
            workload: workload.name().to_owned(),
            operations: self.operations(workload),
            rounds,
            microseconds: samples.median(0),
            rivals: entrants.iter().enumerate().skip(1).map(rival).collect(),
        })
    }

    /// Fails unless all sides that do this give the same answer and store what they say. Returns how many do.
    pub async fn agree(&self, workload: Workload) -> Result<usize> {
        Ok(self.compare(workload).await?.len())
    }

    async fn compare(&self, workload: Workload) -> Result<Vec<Entrant>> {
        let mut entrants = Vec::new();
        let mut expected: Option<Answer> = None;
        for (side, contender) in self.sides.iter().enumerate() {
            let kind = contender.kind();
            let name = kind.name(self.place.system());
            let wrong = |what: String| format!("{name}, {}: {what}", workload.name());
            let known = self.reset(workload).await?;
            let input = self.input(&known, self.operations(workload), 0);
            let answer = contender.answer(workload, &input).await;
            let Some(answer) = answer.map_err(|error| wrong(error.to_string()))? else { continue };
            if kind == Kind::Toasty
                && workload.is_write()
                && self.place.system() == System::Postgres
            {
                self.place.execute(&text_table::give_back(self.seed.writer)).await?;
            }
            self.check_stored(workload, &answer).await.map_err(|error| wrong(error.to_string()))?;
            let answer = answer.comparable(workload);
            match &expected {
                None => expected = Some(answer),
                Some(expected) if *expected == answer => {}
                Some(expected) => return Err(wrong(difference(&answer, expected)).into()),
            }
            let operations = self.operations(workload);
            entrants.push(Entrant { side, workload, kind, operations });
        }
        if workload.is_audited() {
            let (workload, kind) = (Workload::Patch, Kind::OursPlain);
            let operations = self.operations(workload);
            entrants.push(Entrant { side: 0, workload, kind, operations });
        }
        Ok(entrants)
    }

    /// What a side says it wrote is what a repository reads, and the chains are whole.
    async fn check_stored(&self, workload: Workload, answer: &Answer) -> Result<()> {
        if !workload.is_write() {
            return Ok(());
        }
        let tenant = self.database.tenant(self.seed.writer);
        if workload.is_shared() {
            let (made, wanted) =
                (tenant.repo::<Ticket>().query().count().await?, self.creates(workload));
            return if made == wanted { Ok(()) } else { Err(format!("made {made}").into()) };
        }
        let stored: Vec<Ticket> = if workload.is_audited() {
            let verification =
                self.database.audit_chain(Chain::tenant(&self.seed.writer)?).verify();
            let verification = verification.await?;
            if !verification.is_intact() {
                return Err(verification.to_string().into());
            }
            let stored = tenant.repo::<AuditedTicket>().all().await?;
            stored.into_iter().map(Ticket::from).collect()
        } else {
            tenant.repo::<Ticket>().all().await?
        };
        let stored: HashMap<_, _> = stored.iter().map(|ticket| (ticket.id, ticket)).collect();
        for ticket in &answer.tickets {
            match stored.get(&ticket.id) {
                Some(stored) if *stored == ticket => {}
                found => return Err(format!("wrote {found:?}, said {ticket:?}").into()),
            }
        }
        Ok(())
    }

    /// Samples of sides and what they do, by their positions, without a comparison. A sample has fewer operations
    /// where it would take longer than `longest`.
    pub async fn rounds(
        &self,
        entrants: &[(usize, Workload)],
        rounds: usize,
        longest: Duration,
    ) -> Result<Samples> {
        let mut sized = Vec::with_capacity(entrants.len());
        for (side, workload) in entrants.iter().copied() {
            let kind = self.sides[side].kind();
            // The first one of all finds nothing prepared.
            self.once(side, workload, 1, 0).await?;
            let one = self.once(side, workload, 1, 0).await?;
            let fit = (longest.as_secs_f64() / one.as_secs_f64()).max(1.0) as usize;
            let operations = self.operations(workload).min(fit);
            sized.push(Entrant { side, workload, kind, operations });
        }
        self.sample(&sized, rounds).await
    }

    /// How long a side takes for so many operations on rows as the seed left them.
    pub async fn once(
        &self,
        side: usize,
        workload: Workload,
        operations: usize,
        round: usize,
    ) -> Result<Duration> {
        let known = self.reset(workload).await?;
        let before = workload.operations_before();
        if before > 0 {
            let last = &known[known.len().saturating_sub(before)..];
            self.sides[side].time(workload, &self.input(last, before, round)).await?;
        }
        self.sides[side].time(workload, &self.input(&known, operations, round)).await
    }

    /// One sample of each entrant a round; who begins changes from round to round.
    async fn sample(&self, entrants: &[Entrant], rounds: usize) -> Result<Samples> {
        let mut samples = Samples::new(entrants.len());
        // One round more, which warms caches up and is not counted.
        for round in 0..=rounds {
            for turn in 0..entrants.len() {
                let position = (round + turn) % entrants.len();
                let Entrant { side, workload, operations, .. } = entrants[position];
                let elapsed = self.once(side, workload, operations, round).await?;
                if round > 0 {
                    samples.push(position, elapsed, operations);
                }
            }
        }
        // What is read next has the rows of the seed alone.
        if entrants.iter().any(|entrant| entrant.workload.is_write()) {
            self.reset(Workload::Create).await?;
        }
        Ok(samples)
    }

    fn input<'i>(&'i self, known: &'i [(Uuid, i64)], operations: usize, round: usize) -> Input<'i> {
        Input { seed: self.seed, known, operations, round }
    }

    fn operations(&self, workload: Workload) -> usize {
        workload.operations(self.place.system())
    }

    /// How many rows the tasks make.
    fn creates(&self, workload: Workload) -> u64 {
        let operations = self.operations(workload) as u64;
        match workload {
            Workload::SharedGets => 0,
            Workload::SharedMix => operations / 5,
            _ => operations,
        }
    }

    /// Takes away what was written, and adds the tickets that are patched.
    async fn reset(&self, workload: Workload) -> Result<Vec<(Uuid, i64)>> {
        if !workload.is_write() {
            return Ok(Vec::new());
        }
        let sqlite = self.place.system() == System::Sqlite;
        let tenant = self.seed.writer.simple();
        let condition = if sqlite { format!("x'{tenant}'") } else { format!("'{tenant}'") };
        let table = if workload.is_audited() { "audited_tickets" } else { "tickets" };
        let tidy = match self.place.system() {
            System::Sqlite => "PRAGMA wal_checkpoint(TRUNCATE)".to_owned(),
            System::Postgres if self.has_text_table() => {
                format!("VACUUM {table}; VACUUM toasty_tickets")
            }
            System::Postgres => format!("VACUUM {table}"),
        };
        let delete = format!("DELETE FROM {table} WHERE tenant_id = {condition}");
        self.place.execute(&format!("{delete}; {tidy}")).await?;
        let session = self.database.tenant(self.seed.writer).actor(ACTOR);
        let known = match workload {
            Workload::Patch => {
                let known = session.repo::<Ticket>().create_many(tickets(KNOWN)).await?;
                known.iter().map(|ticket| (ticket.id, ticket.version)).collect()
            }
            _ if workload.is_audited() => {
                let new = tickets(KNOWN).into_iter().map(NewAuditedTicket::from);
                let known = session.repo::<AuditedTicket>().create_many(new).await?;
                known.iter().map(|ticket| (ticket.id, ticket.version)).collect()
            }
            _ => Vec::new(),
        };
        let last = match self.place.system() {
            System::Sqlite => "PRAGMA wal_checkpoint(TRUNCATE)",
            // Without statistics, as nobody else writes here, the server reads all tickets of the tenant to find one.
            System::Postgres if workload.is_audited() => "ANALYZE audited_tickets",
            System::Postgres if self.has_text_table() => &text_table::refresh(self.seed.writer),
            System::Postgres => "",
        };
        self.place.execute(last).await?;
        Ok(known)
    }

    fn has_text_table(&self) -> bool {
        self.sides.iter().any(|side| side.kind() == Kind::Toasty)
    }
}

/// Where two answers part.
fn difference(answer: &Answer, expected: &Answer) -> String {
    let pairs = answer.tickets.iter().zip(&expected.tickets);
    match pairs.into_iter().find(|(one, other)| one != other) {
        Some((one, other)) => format!("answers {one:?} where the repository answers {other:?}"),
        None => format!(
            "answers {} rows, {} in all, {:?}, where the repository answers {}, {}, {:?}",
            answer.tickets.len(),
            answer.total,
            answer.groups,
            expected.tickets.len(),
            expected.total,
            expected.groups
        ),
    }
}
