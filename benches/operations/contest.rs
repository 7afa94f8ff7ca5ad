//! Rounds of a workload on all sides, after their answers were compared.

use std::collections::HashMap;

use async_trait::async_trait;
use benches::{Line, Report, Result, Samples, Selection, Ticket};

use crate::engine::{Answer, Contender, Input};
use crate::workload::{System, Workload};

/// The databases that all sides work on.
#[async_trait(?Send)]
pub(crate) trait Store {
    /// Empties the database for writes, and gives it `KNOWN` tickets if they are asked for.
    async fn reset(&self, with_tickets: bool) -> Result<Vec<Ticket>>;
}

/// What is measured, on which sides.
pub(crate) struct Contest<'a> {
    pub(crate) system: System,
    pub(crate) store: &'a dyn Store,
    pub(crate) input: Input,
    /// The repository first, then what its target is compared with, then others.
    pub(crate) sides: Vec<Box<dyn Contender>>,
    /// What takes the place of the sides by hand in `create_many`, where there are other ways.
    pub(crate) bulk: Vec<Box<dyn Contender>>,
}

impl Contest<'_> {
    pub(crate) async fn run(mut self, selection: &Selection) -> Result<Report> {
        let mut report = Report::default();
        let rounds = if selection.has("quick") { 5 } else { 25 };
        let names = Workload::ALL.map(Workload::name);
        for workload in Workload::ALL {
            if selection.wants(workload.name(), &names) {
                self.compare(workload).await?;
                let samples = self.sample(workload, rounds).await?;
                self.report(workload, &samples, &mut report);
                eprintln!("measured: {}", workload.name());
            }
        }
        Ok(report)
    }

    fn sides(&self, workload: Workload) -> Vec<&dyn Contender> {
        let is_bulk = matches!(workload, Workload::CreateMany(_)) && !self.bulk.is_empty();
        let (ours, rivals) = self.sides.split_at(1);
        let rivals = if is_bulk { &self.bulk[..] } else { rivals };
        ours.iter().chain(rivals).map(|side| &**side).collect()
    }

    /// Fails unless all sides give the same answer and store what they say.
    async fn compare(&mut self, workload: Workload) -> Result<()> {
        let mut expected: Option<Answer> = None;
        for position in 0..self.sides(workload).len() {
            self.reset(workload).await?;
            let side = self.sides(workload)[position];
            let answer = side.answer(workload, &self.input).await?;
            if workload.is_write() {
                self.check_stored(&answer)
                    .await
                    .map_err(|error| format!("{}: {error}", side.name()))?;
            }
            let answer = answer.comparable(workload);
            match &expected {
                None => expected = Some(answer),
                Some(expected) if *expected == answer => {}
                Some(_) => {
                    let (name, workload) = (side.name(), workload.name());
                    return Err(format!("{name} answers differently: {workload}").into());
                }
            }
        }
        Ok(())
    }

    /// What a side says it wrote is what a repository reads.
    async fn check_stored(&self, answer: &Answer) -> Result<()> {
        let stored = self.sides[0].stored(self.input.writer.0).await?;
        let stored: HashMap<_, _> = stored.iter().map(|ticket| (ticket.id, ticket)).collect();
        for ticket in &answer.tickets {
            match stored.get(&ticket.id) {
                Some(stored) if *stored == ticket => {}
                found => return Err(format!("wrote {found:?}, said {ticket:?}").into()),
            }
        }
        Ok(())
    }

    /// One sample of each side a round; who begins changes from round to round.
    async fn sample(&mut self, workload: Workload, rounds: usize) -> Result<Samples> {
        let count = self.sides(workload).len();
        let mut samples = Samples::new(count);
        // One round more, which warms caches up and is not counted.
        for round in 0..=rounds {
            for turn in 0..count {
                let position = (round + turn) % count;
                self.reset(workload).await?;
                let side = self.sides(workload)[position];
                let elapsed = side.time(workload, &self.input).await?;
                if round > 0 {
                    samples.push(position, elapsed, workload.operations());
                }
            }
        }
        Ok(samples)
    }

    async fn reset(&mut self, workload: Workload) -> Result<()> {
        if workload.is_write() {
            let with_tickets = workload == Workload::Patch;
            self.input.writer.1 = self.store.reset(with_tickets).await?;
        }
        Ok(())
    }

    fn report(&self, workload: Workload, samples: &Samples, report: &mut Report) {
        for (position, side) in self.sides(workload).iter().enumerate().skip(1) {
            report.push(Line {
                workload: workload.name().to_owned(),
                ours: samples.median(0),
                rival: side.name().to_owned(),
                theirs: samples.median(position),
                ratio: samples.ratio(0, position),
                target: workload.target(self.system).filter(|_| position == 1),
            });
        }
    }
}
