//! Scores by content and model.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::photos::Finder;
use super::{Catalog, CatalogError, ContentHash, FileState};
use crate::model::Score;

/// What gives a score: the same key gives the same photo the same score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelKey<'a> {
    /// Identity of the weights.
    pub identity: &'a str,
    /// Identity of the taste profile; `None` for none.
    pub profile: Option<&'a str>,
    /// Version of the way from a file to the network's input.
    pub pipeline: u32,
}

/// A score as it is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StoredScore {
    /// The score, unchanged to the last bit.
    pub score: Score,
    /// Width and height of the original in pixels, upright.
    pub size: (u32, u32),
}

/// A photo that was scored, or found to be one that was.
#[derive(Debug, Clone, Copy)]
pub struct Scored<'a> {
    /// Its file.
    pub path: &'a Path,
    /// The state of the file that the score is for.
    pub state: FileState,
    /// The score.
    pub score: StoredScore,
}

impl Catalog {
    /// The score of a content.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn score_of(
        &self,
        content: ContentHash,
        model: &ModelKey<'_>,
    ) -> Result<Option<StoredScore>, CatalogError> {
        let find = || match model_id(&self.db, model)? {
            Some(model) => find(&self.db, content, model),
            None => Ok(None),
        };
        find().map_err(self.failed())
    }

    /// Keeps scores, all or none of them.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn record(
        &mut self,
        photos: &[Scored<'_>],
        model: &ModelKey<'_>,
    ) -> Result<(), CatalogError> {
        let failed = self.failed();
        record(&mut self.db, photos, model).map_err(failed)
    }
}

fn record(
    db: &mut Connection,
    photos: &[Scored<'_>],
    model: &ModelKey<'_>,
) -> rusqlite::Result<()> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let id = match model_id(&transaction, model)? {
        Some(id) => id,
        None => transaction
            .prepare_cached("INSERT INTO models (identity, profile, pipeline) VALUES (?1, ?2, ?3)")?
            .insert(params![
                model.identity,
                model.profile.unwrap_or_default(),
                model.pipeline
            ])?,
    };
    let mut finder = Finder::default();
    for photo in photos {
        let Some(place) = finder.places.of(photo.path) else {
            continue;
        };
        finder.settle(&transaction, &place, &photo.state)?;
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO scores (content, model, score, width, height) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                photo.state.content.0,
                id,
                photo.score.score.value(),
                photo.score.size.0,
                photo.score.size.1
            ])?;
    }
    transaction.commit()
}

pub(super) fn model_id(db: &Connection, model: &ModelKey<'_>) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached(
        "SELECT id FROM models WHERE identity = ?1 AND profile = ?2 AND pipeline = ?3",
    )?
    .query_row(
        params![
            model.identity,
            model.profile.unwrap_or_default(),
            model.pipeline
        ],
        |row| row.get(0),
    )
    .optional()
}

pub(super) fn find(
    db: &Connection,
    content: ContentHash,
    model: i64,
) -> rusqlite::Result<Option<StoredScore>> {
    let kept: Option<(f64, u32, u32)> = db
        .prepare_cached(
            "SELECT score, width, height FROM scores WHERE content = ?1 AND model = ?2",
        )?
        .query_row(params![content.0, model], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    Ok(kept.and_then(|(score, width, height)| {
        Some(StoredScore {
            score: Score::new(score)?,
            size: (width, height),
        })
    }))
}
