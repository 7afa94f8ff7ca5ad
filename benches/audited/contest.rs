//! Rounds of a workload on all sides, after their answers and their trails were compared.

use async_trait::async_trait;
use benches::{Line, Report, Result, Samples, Selection, Ticket};

use crate::engine::{Contender, Kind};
use crate::workload::{System, Workload};

/// The database that all sides work on.
#[async_trait(?Send)]
pub(crate) trait Store {
    /// Makes the database know what it has.
    async fn analyze(&self) -> Result<()>;

    /// Writes what was left for later, so that no side pays for another.
    async fn settle(&self) -> Result<()>;
}

/// What is measured, on which sides.
pub(crate) struct Contest<'a> {
    pub(crate) system: System,
    pub(crate) store: &'a dyn Store,
    /// The audited repository first.
    pub(crate) sides: Vec<Box<dyn Contender>>,
}

impl Contest<'_> {
    pub(crate) async fn run(mut self, selection: &Selection) -> Result<Report> {
        let mut report = Report::default();
        let rounds = if selection.has("quick") { 5 } else { 25 };
        let names = Workload::ALL.map(Workload::name);
        for side in &mut self.sides {
            side.fill().await?;
        }
        self.store.analyze().await?;
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

    /// The positions of the sides that do this.
    fn positions(&self, workload: Workload) -> Vec<usize> {
        let is_ours = |kind: Kind| matches!(kind, Kind::Audited | Kind::Unchained | Kind::Plain);
        let does = |side: &dyn Contender| workload != Workload::CreateMany || is_ours(side.kind());
        (0..self.sides.len()).filter(|position| does(&*self.sides[*position])).collect()
    }

    /// Fails unless all sides give the same answer, and those with a trail add an entry for each row, with
    /// the same columns.
    async fn compare(&mut self, workload: Workload) -> Result<()> {
        let mut expected: Option<(Vec<Ticket>, [Vec<String>; 2])> = None;
        for position in self.positions(workload) {
            let side = &self.sides[position];
            let before = side.trail().await?.entries;
            let answer = side.answer(workload).await?;
            let trail = side.trail().await?;
            let wanted = if side.kind() == Kind::Plain { 0 } else { workload.rows() };
            if trail.entries - before != u64::try_from(wanted)? {
                return Err(format!("{}: {trail:?}", side.name()).into());
            }
            let columns = trail.columns()?;
            match &expected {
                None => expected = Some((answer, columns)),
                Some((expected, _)) if *expected != answer => {
                    return Err(format!("{} answers {answer:?}", side.name()).into());
                }
                Some((_, expected)) if wanted > 0 && *expected != columns => {
                    return Err(format!("{} records {columns:?}", side.name()).into());
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// One sample of each side a round; who begins changes from round to round.
    async fn sample(&mut self, workload: Workload, rounds: usize) -> Result<Samples> {
        let positions = self.positions(workload);
        let mut samples = Samples::new(self.sides.len());
        // One round more, which warms caches up and is not counted.
        for round in 0..=rounds {
            for turn in 0..positions.len() {
                let position = positions[(round + turn) % positions.len()];
                self.store.settle().await?;
                let elapsed = self.sides[position].time(workload, round).await?;
                if round > 0 {
                    samples.push(position, elapsed, workload.operations());
                }
            }
        }
        Ok(samples)
    }

    /// The audited side beside each other one, and the unchained one beside the plain and the unchained by hand.
    fn report(&self, workload: Workload, samples: &Samples, report: &mut Report) {
        let positions = self.positions(workload);
        let at = |kind: Kind| {
            positions.iter().copied().find(|position| self.sides[*position].kind() == kind)
        };
        let mut line = |name: String, ours: usize, rival: usize, target: Option<f64>| {
            report.push(Line {
                workload: name,
                ours: samples.median(ours),
                rival: self.sides[rival].name().to_owned(),
                theirs: samples.median(rival),
                ratio: samples.ratio(ours, rival),
                target,
            });
        };
        for rival in positions.iter().copied().skip(1) {
            let target = workload.target(self.system, self.sides[rival].kind());
            line(format!("{}, audited", workload.name()), 0, rival, target);
        }
        let Some(unchained) = at(Kind::Unchained) else { return };
        for rival in [Kind::Plain, Kind::SqlxByHand] {
            let target = workload.target(self.system, rival);
            let name = format!("{}, unchained", workload.name());
            at(rival).into_iter().for_each(|rival| line(name.clone(), unchained, rival, target));
        }
    }
}
