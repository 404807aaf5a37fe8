//! Both towers without prompts against another implementation of CLIP.

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::clip::text_model::{Activation, ClipTextConfig};
use candle_transformers::models::clip::vision_model::ClipVisionConfig;
use candle_transformers::models::clip::{ClipConfig, ClipModel};
use keepers::model::clip::{Config, ImageTower, Pass, scene_texts, tokenise};

use super::clip::{Golden, close, numbers};
use super::clip_files::{hugging_face, small};

/// What the other implementation calls this configuration.
fn theirs(config: &Config) -> ClipConfig {
    ClipConfig {
        text_config: ClipTextConfig {
            vocab_size: config.vocabulary,
            embed_dim: config.text.width,
            activation: Activation::QuickGelu,
            intermediate_size: config.text.hidden(),
            max_position_embeddings: config.context,
            pad_with: None,
            num_hidden_layers: config.text.layers,
            num_attention_heads: config.text.heads(),
            projection_dim: config.embedding,
        },
        vision_config: ClipVisionConfig {
            embed_dim: config.image.width,
            activation: Activation::QuickGelu,
            intermediate_size: config.image.hidden(),
            num_hidden_layers: config.image.layers,
            num_attention_heads: config.image.heads(),
            projection_dim: config.embedding,
            num_channels: 3,
            image_size: config.image_size(),
            patch_size: config.patch,
        },
        logit_scale_init_value: 4.6052,
        image_size: config.image_size(),
    }
}

/// Rows as long as the context, filled up with zeros.
fn padded(tokens: &[Vec<u32>], context: usize) -> Tensor {
    let rows = tokens.iter().flat_map(|row| {
        let filling = std::iter::repeat_n(0, context - row.len());
        row.iter().copied().chain(filling)
    });
    let rows: Vec<u32> = rows.collect();
    Tensor::from_vec(rows, (tokens.len(), context), &Device::Cpu).unwrap()
}

#[test]
fn promptless_towers_agree_with_candle_transformers() {
    let golden = Golden::all().remove(0);
    let tensors = hugging_face(&small());
    let builder = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
    let peer = ClipModel::new(builder, &theirs(&golden.config)).unwrap();
    let normalised = |features: Tensor| {
        let length = features.sqr().unwrap().sum_keepdim(1).unwrap();
        numbers(&features.broadcast_div(&length.sqrt().unwrap()).unwrap())
    };

    let tower = ImageTower::new(&golden.weights, &Device::Cpu).unwrap();
    let ours = tower.features(&golden.images, None, Pass::Infer).unwrap();
    let image = peer.get_image_features(&golden.images).unwrap();
    close("image features", &numbers(&ours.image), &normalised(image));

    let texts = scene_texts();
    let ours = golden.texts(&texts, false, Pass::Infer);
    let tokens = padded(&tokenise(&texts), golden.config.context);
    let text = peer.get_text_features(&tokens).unwrap();
    close("text features", &numbers(&ours), &normalised(text));
}
