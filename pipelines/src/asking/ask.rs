//! SQL over the lake: a session holds the objects of the sellers it was granted, and nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;

use sellerlake_contracts::{Error, Kind, ObjectState, Partition, Result};
use sellerlake_query::{Answer, Held, LakeReader, Replaced, Session, SessionBuilder, Share, Tables, replaced};
use sellerlake_sinks::Copied;
use sellerlake_state::{DeliveryFilter, DeliveryRecord};
use sellerlake_transforms::functions;

use crate::asking::Asking;
use crate::asking::granted::Granted;
use crate::asking::sight::Sight;
use crate::asking::tables::Declared;
use crate::objects::entry::{described, expect_successor, gone, is_damage};

/// Times a statement is planned again because an object was replaced under it.
const REPLANS: u32 = 3;

impl Asking {
    /// Plans and starts a statement; objects replaced before the first row are looked at again. Where that happens
    /// again and again, the statement reads private copies of all its objects; a [`Kind::Conflict`] error is left for
    /// one that comes to read still others meanwhile.
    pub async fn ask(&self, statement: &str, granted: &Granted) -> Result<Answer> {
        Ok(self.answer(statement, granted).await?.0)
    }

    /// The same, and which of the tables that the statement names aren't made from all that is loaded.
    pub async fn ask_and_look_behind(&self, statement: &str, granted: &Granted) -> Result<(Answer, BTreeSet<String>)> {
        let (answer, sight) = self.answer(statement, granted).await?;
        let named = sellerlake_query::tables(statement)?;
        let makers = self.rebuilding.makers(&named);
        let mut behind = BTreeSet::new();
        if !makers.is_empty() {
            let objects = sight.objects().await?.to_vec();
            for catalogue in self.objects.catalogues(objects).await? {
                behind.extend(self.rebuilding.behind(&makers, &catalogue).into_iter().map(|partition| partition.name));
            }
        }
        behind.retain(|table| named.contains(table));
        Ok((answer, behind))
    }

    /// The answer, and what it was planned over.
    async fn answer(&self, statement: &str, granted: &Granted) -> Result<(Answer, Sight)> {
        let (mut replans, mut share) = (0, Share::Asking);
        loop {
            let sight = self.sight(granted);
            let session = self.session_with(share, &sight, &self.objects.reader)?;
            let error = match start(&session, statement).await {
                Ok(answer) => return Ok((answer, sight)),
                Err(error) => error,
            };
            if error.kind() == Kind::Limit && session.was_crowded() && share == Share::Asking {
                share = Share::Heavy;
                continue;
            }
            let Some(path) = replaced(&error).map(|replaced| replaced.path.clone()) else { return Err(error) };
            if let Some(partition) = Partition::parse(&path) {
                match self.objects.look_again(&partition, None).await {
                    // It is being replaced at this very moment, too.
                    Err(error) if error.is_look_again() => {}
                    // Who may not write can't tell the catalogue.
                    Err(error) if !self.remembers && !is_damage(&error) => {}
                    looked => drop(looked?),
                }
            }
            replans += 1;
            if replans > REPLANS {
                return Ok((self.ask_copies(statement, granted).await?, sight));
            }
        }
    }

    /// What to say of an answer that broke off: an object that isn't the version it was may be damaged, or another one.
    pub async fn told_of_damage(&self, error: Error) -> Error {
        let Some(partition) = replaced(&error).and_then(|replaced| Partition::parse(&replaced.path)) else {
            return error;
        };
        match self.objects.look_again(&partition, None).await {
            Err(damaged) if is_damage(&damaged) => damaged,
            _ => error,
        }
    }

    /// Answers from copies that nobody can replace.
    async fn ask_copies(&self, statement: &str, granted: &Granted) -> Result<Answer> {
        let sight = self.sight(granted);
        let reader = &self.objects.reader;
        let read = self.session_over(&sight, reader)?.reads(statement).await?;
        let mut objects = sight.objects().await?.to_vec();
        let mut held = Held::new();
        for object in objects.iter_mut().filter(|object| read.contains(&object.partition.path())) {
            let partition = &object.partition;
            let copied = self.shared.lake.copy(partition).await?;
            let Copied { head, footer, file } = copied.ok_or_else(|| gone(partition))?;
            held.insert(partition.path(), (head.etag.clone(), file));
            let copied = ObjectState { input_hash: object.input_hash.clone(), ..described(partition, head, footer) };
            expect_successor(&copied, Some(object))?;
            *object = copied;
        }
        let session = self.session_over(&sight.with(objects), &reader.holding(held))?;
        start(&session, statement).await.map_err(|error| match replaced(&error) {
            None => error,
            Some(Replaced { path }) => Error::transient(Kind::Conflict, "the lake changes faster than it can be read")
                .at("query.read")
                .with("path", path)
                .hint("ask again, or for fewer partitions at once"),
        })
    }

    /// What the catalogue knows of the granted sellers' objects.
    pub(crate) async fn standing(&self, granted: &Granted) -> Result<Vec<ObjectState>> {
        Ok(self.sight(granted).objects().await?.to_vec())
    }

    pub(crate) async fn deliveries(&self, granted: &Granted) -> Result<Vec<DeliveryRecord>> {
        let mut deliveries = Vec::new();
        for seller in granted.sellers() {
            let filter = DeliveryFilter { seller, ..DeliveryFilter::default() };
            deliveries.extend(self.shared.state.deliveries(&filter).await?);
        }
        Ok(deliveries)
    }

    /// A session over the granted sellers' objects as they are when the first of them is asked for.
    pub fn session(&self, granted: &Granted) -> Result<Session> {
        self.session_over(&self.sight(granted), &self.objects.reader)
    }

    /// A session over these objects.
    pub(crate) fn session_of(&self, objects: &[ObjectState], granted: &Granted) -> Result<Session> {
        self.session_over(&self.sight(granted).with(objects.to_vec()), &self.objects.reader)
    }

    /// A session's means, by the settings.
    pub(crate) fn session_builder(&self) -> SessionBuilder {
        let settings = &self.shared.settings;
        SessionBuilder {
            memory: self.shared.budget.clone(),
            target_partitions: settings.threads,
            row_limit: settings.row_limit,
            timeout: settings.query_timeout,
            spill_dir: Some(self.spill.path().to_owned()),
            functions: functions::all(),
            ..SessionBuilder::default()
        }
    }

    fn sight(&self, granted: &Granted) -> Sight {
        Sight::new(granted, &self.shared, &self.snapshots)
    }

    fn session_over(&self, sight: &Sight, reader: &LakeReader) -> Result<Session> {
        self.session_with(Share::Asking, sight, reader)
    }

    fn session_with(&self, share: Share, sight: &Sight, reader: &LakeReader) -> Result<Session> {
        let declarations = Arc::clone(&self.shared.declarations);
        let tables: Arc<dyn Tables> = Arc::new(Declared { declarations, reader: reader.clone(), sight: sight.clone() });
        let mut builder = SessionBuilder { share, ..self.session_builder() };
        if share == Share::Heavy {
            // Each thread sorts and joins in memory of its own.
            builder.target_partitions = 1;
        }
        builder.build_over(&tables)
    }
}

/// Starts a statement and waits for its first rows: what is replaced later was opened before.
async fn start(session: &Session, statement: &str) -> Result<Answer> {
    session.sql(statement).await?.ready().await
}
