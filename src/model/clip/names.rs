//! What tensors are called. OpenAI's names are the ones used throughout, with
//! `visual.` before those of the image tower; those of others are translated.

pub(super) const PATCHES: &str = "visual.conv1.weight";
pub(super) const CLASS: &str = "visual.class_embedding";
pub(super) const POSITIONS: &str = "visual.positional_embedding";
pub(super) const PROJECTION: &str = "visual.proj";
pub(super) const LN_PRE: &str = "visual.ln_pre";
pub(super) const LN_POST: &str = "visual.ln_post";
pub(super) const IMAGE_BLOCKS: &str = "visual.transformer.resblocks.";
pub(super) const PROMPTS: &str = "visual.prompt_embeddings";
pub(super) const DEEP_PROMPTS: &str = "visual.deep_prompt_embeddings";
pub(super) const PROMPT_PROJECTION: &str = "visual.prompt_proj";
pub(super) const PROMPT_NORM: &str = "visual.prompt_norm";
pub(super) const TOKENS: &str = "token_embedding.weight";
pub(super) const TEXT_POSITIONS: &str = "positional_embedding";
pub(super) const LN_FINAL: &str = "ln_final";
pub(super) const TEXT_PROJECTION: &str = "text_projection";
pub(super) const TEXT_BLOCKS: &str = "transformer.resblocks.";
pub(super) const LOGIT_SCALE: &str = "logit_scale";
pub(super) const CONTEXT: &str = "prompt_learner2.ctx";

/// Whether GRMP-IQA's fine-tuning changes a tensor, by its name here: the text
/// context, the last `last` blocks of both towers, and the norms after them. The
/// visual prompts stay.
pub fn fine_tuned(name: &str, config: &super::Config, last: usize) -> bool {
    let norm = |start: &str| {
        name.strip_prefix(start)
            .is_some_and(|rest| rest.starts_with('.'))
    };
    let block = |start: &str, layers: usize| {
        let number = name
            .strip_prefix(start)
            .and_then(|rest| rest.split_once('.'));
        number
            .and_then(|(number, _)| number.parse::<usize>().ok())
            .is_some_and(|number| number + last >= layers)
    };
    name == CONTEXT
        || norm(LN_FINAL)
        || norm(LN_POST)
        || block(IMAGE_BLOCKS, config.image.layers)
        || block(TEXT_BLOCKS, config.text.layers)
}

/// What training programs put before every name.
const PREFIXES: [&str; 4] = ["module.", "state_dict.", "model_state_dict.", "model."];

/// Which tensor of this network a foreign one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Translated {
    /// OpenAI's name.
    pub(super) name: String,
    /// Which third of it, where queries, keys and values lie apart.
    pub(super) third: Option<usize>,
    /// Whether rows and columns have to be exchanged.
    pub(super) transposed: bool,
}

/// Translates the names of OpenAI, OpenCLIP, Hugging Face's transformers and
/// GRMP-IQA's authors; `None` for what belongs to no CLIP network.
pub(super) fn translate(foreign: &str) -> Option<Translated> {
    let mut name = foreign;
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)) {
        name = rest;
    }
    // GRMP-IQA's authors and OpenCLIP's newer classes give each tower a name.
    let image = name
        .strip_prefix("image_encoder.")
        .or(name.strip_prefix("visual."));
    let text = name
        .strip_prefix("text_encoder.")
        .or(name.strip_prefix("text."));
    let plain = |name: String| Translated {
        name,
        third: None,
        transposed: false,
    };
    if let Some(part) = image {
        return Some(plain(format!("visual.{part}")));
    }
    if let Some(part) = text {
        return Some(plain(part.to_owned()));
    }
    hugging_face(name).or_else(|| {
        let ours = [
            CONTEXT,
            LOGIT_SCALE,
            TEXT_POSITIONS,
            TEXT_PROJECTION,
            TOKENS,
        ]
        .contains(&name)
            || name.starts_with(TEXT_BLOCKS)
            || name
                .strip_prefix(LN_FINAL)
                .is_some_and(|rest| rest.starts_with('.'));
        ours.then(|| plain(name.to_owned()))
    })
}

/// Translates the names of Hugging Face's transformers.
fn hugging_face(name: &str) -> Option<Translated> {
    if let Some(tower) = ["visual_projection.weight", "text_projection.weight"]
        .iter()
        .position(|&projection| projection == name)
    {
        return Some(Translated {
            name: [PROJECTION, TEXT_PROJECTION][tower].to_owned(),
            third: None,
            transposed: true,
        });
    }
    let (prefix, part) = match name.strip_prefix("vision_model.") {
        Some(part) => ("visual.", part),
        None => ("", name.strip_prefix("text_model.")?),
    };
    let (head, end) = part.rsplit_once('.').unwrap_or((part, ""));
    let outer = match (prefix, head, end) {
        ("visual.", "embeddings", "class_embedding") => Some(CLASS.to_owned()),
        ("visual.", "embeddings.patch_embedding", "weight") => Some(PATCHES.to_owned()),
        ("visual.", "embeddings.position_embedding", "weight") => Some(POSITIONS.to_owned()),
        // Spelled like this in every checkpoint.
        ("visual.", "pre_layrnorm", end) => Some(format!("{LN_PRE}.{end}")),
        ("visual.", "post_layernorm", end) => Some(format!("{LN_POST}.{end}")),
        ("", "embeddings.token_embedding", "weight") => Some(TOKENS.to_owned()),
        ("", "embeddings.position_embedding", "weight") => Some(TEXT_POSITIONS.to_owned()),
        ("", "final_layer_norm", end) => Some(format!("{LN_FINAL}.{end}")),
        _ => None,
    };
    if let Some(name) = outer {
        return Some(Translated {
            name,
            third: None,
            transposed: false,
        });
    }
    let (block, inner) = part.strip_prefix("encoder.layers.")?.split_once('.')?;
    let (inner, end) = inner.rsplit_once('.')?;
    let (inner, third) = match inner {
        "self_attn.q_proj" => (format!("attn.in_proj_{end}"), Some(0)),
        "self_attn.k_proj" => (format!("attn.in_proj_{end}"), Some(1)),
        "self_attn.v_proj" => (format!("attn.in_proj_{end}"), Some(2)),
        "self_attn.out_proj" => (format!("attn.out_proj.{end}"), None),
        "layer_norm1" => (format!("ln_1.{end}"), None),
        "layer_norm2" => (format!("ln_2.{end}"), None),
        "mlp.fc1" => (format!("mlp.c_fc.{end}"), None),
        "mlp.fc2" => (format!("mlp.c_proj.{end}"), None),
        _ => return None,
    };
    Some(Translated {
        name: format!("{prefix}transformer.resblocks.{block}.{inner}"),
        third,
        transposed: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_kind_are_translated() {
        let name = |foreign: &str| translate(foreign).map(|t| t.name);
        for (foreign, ours) in [
            ("module.image_encoder.proj", "visual.proj"),
            (
                "state_dict.module.text_encoder.ln_final.bias",
                "ln_final.bias",
            ),
            ("module.prompt_learner2.ctx", "prompt_learner2.ctx"),
            (
                "visual.transformer.resblocks.3.ln_1.weight",
                "visual.transformer.resblocks.3.ln_1.weight",
            ),
            (
                "transformer.resblocks.0.mlp.c_fc.bias",
                "transformer.resblocks.0.mlp.c_fc.bias",
            ),
            ("text.token_embedding.weight", "token_embedding.weight"),
            ("logit_scale", "logit_scale"),
            ("vision_model.pre_layrnorm.weight", "visual.ln_pre.weight"),
            (
                "vision_model.embeddings.class_embedding",
                "visual.class_embedding",
            ),
            (
                "text_model.encoder.layers.11.mlp.fc2.weight",
                "transformer.resblocks.11.mlp.c_proj.weight",
            ),
        ] {
            assert_eq!(name(foreign).as_deref(), Some(ours));
        }
        for foreign in [
            "optimizer.state.0.exp_avg",
            "prompt_learner2.token_prefix",
            "vision_model.embeddings.position_ids",
            "classifier.weight",
        ] {
            assert_eq!(name(foreign), None, "{foreign}");
        }
        assert_eq!(
            translate("vision_model.encoder.layers.2.self_attn.v_proj.bias"),
            Some(Translated {
                name: "visual.transformer.resblocks.2.attn.in_proj_bias".to_owned(),
                third: Some(2),
                transposed: false,
            })
        );
        assert!(translate("text_projection.weight").unwrap().transposed);
        assert!(!translate("text_projection").unwrap().transposed);
    }
}
