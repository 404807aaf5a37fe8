//! The kinds of scene a photo is sorted into.

/// A kind of scene: the nine that GRMP-IQA's semantic teacher tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scene {
    /// An animal.
    Animal,
    /// Streets and buildings.
    Cityscape,
    /// People.
    Human,
    /// A room.
    Indoor,
    /// Nature at large.
    Landscape,
    /// Anything at night.
    Night,
    /// A plant.
    Plant,
    /// Things.
    StillLife,
    /// None of these.
    Others,
}

impl Scene {
    /// All kinds, in the order of the method's own list.
    pub const ALL: [Self; 9] = [
        Self::Animal,
        Self::Cityscape,
        Self::Human,
        Self::Indoor,
        Self::Landscape,
        Self::Night,
        Self::Plant,
        Self::StillLife,
        Self::Others,
    ];

    /// The kind as the method's texts and all formats spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Animal => "animal",
            Self::Cityscape => "cityscape",
            Self::Human => "human",
            Self::Indoor => "indoor",
            Self::Landscape => "landscape",
            Self::Night => "night",
            Self::Plant => "plant",
            Self::StillLife => "still_life",
            Self::Others => "others",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_are_spelled_alike_everywhere() {
        for scene in Scene::ALL {
            assert_eq!(serde_json::to_value(scene).unwrap(), scene.name());
        }
    }
}
