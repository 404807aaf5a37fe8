use std::fs;

use super::*;

/// A pickle of the state `{"a": tensor}` with these sizes, over storage "0".
fn state(offset: u8, dims: [u8; 2], strides: [u8; 2]) -> Vec<u8> {
    let mut pickle = b"\x80\x02}X\x01\x00\x00\x00actorch._utils\n_rebuild_tensor_v2\n((".to_vec();
    pickle.extend(b"X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x06tQ");
    pickle.extend([b'K', offset]);
    for pair in [dims, strides] {
        pickle.extend([b'K', pair[0], b'K', pair[1], 0x86]);
    }
    pickle.extend(b"\x89)tRs.");
    pickle
}

/// A checkpoint in the old form with that state.
fn legacy(state: &[u8], values: &[f32]) -> Vec<u8> {
    let mut file = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.".to_vec();
    file.extend(b"\x80\x02M\xe9\x03.\x80\x02}.");
    file.extend(state);
    file.extend(b"\x80\x02]X\x01\x00\x00\x000a.");
    file.extend((values.len() as u64).to_le_bytes());
    file.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    file
}

fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in parts {
        writer.start_file(*name, stored).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

use std::io::Cursor;

fn opened(bytes: &[u8]) -> Result<Checkpoint, ModelError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.pt");
    fs::write(&path, bytes).unwrap();
    Checkpoint::open(&path)
}

fn values(file: &Checkpoint, name: &str) -> Vec<f32> {
    let tensor = file.get(name).unwrap().to_dtype(DType::F32).unwrap();
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

const SIX: [f32; 6] = [0., 1., 2., 3., 4., 5.];

#[test]
fn both_forms_of_checkpoints_are_read_strides_and_all() {
    let state = state(0, [3, 2], [1, 3]);
    let bytes: Vec<u8> = SIX.iter().flat_map(|v| v.to_le_bytes()).collect();
    for file in [
        legacy(&state, &SIX),
        zip(&[("x/data.pkl", &state), ("x/data/0", &bytes)]),
    ] {
        let file = opened(&file).unwrap();
        assert_eq!(file.names().collect::<Vec<_>>(), ["a"]);
        assert_eq!(file.dims("a"), Some(&[3, 2][..]));
        assert_eq!(values(&file, "a"), [0., 3., 1., 4., 2., 5.]);
        assert!(file.get("b").unwrap_err().to_string().contains("tensor b"));
    }
}

#[test]
fn values_of_half_size_are_read() {
    let tensor = Tensor::new(&[1f32, -2.5, 3.0], &Device::Cpu).unwrap();
    for dtype in [DType::F16, DType::BF16, DType::F64, DType::F32] {
        let tensor = tensor.to_dtype(dtype).unwrap();
        let bytes = safetensors::serialize([("t", tensor)], None).unwrap();
        assert_eq!(values(&opened(&bytes).unwrap(), "t"), [1., -2.5, 3.]);
    }
}

#[test]
fn tensors_reach_beyond_nothing() {
    for (offset, dims, strides) in [
        (1, [3, 2], [1, 3]),
        (0, [3, 3], [3, 1]),
        (0, [2, 2], [200, 1]),
        (7, [1, 1], [1, 1]),
        // Would repeat a value until memory is full.
        (0, [255, 255], [0, 0]),
    ] {
        let error = opened(&legacy(&state(offset, dims, strides), &SIX)).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("tensor a reaches beyond"), "{error}");
    }
}

#[test]
fn every_truncation_and_every_flipped_byte_ends_in_an_answer() {
    let state = state(0, [3, 2], [2, 1]);
    let bytes: Vec<u8> = SIX.iter().flat_map(|v| v.to_le_bytes()).collect();
    let tensor = Tensor::new(&SIX, &Device::Cpu).unwrap();
    for whole in [
        legacy(&state, &SIX),
        zip(&[("x/data.pkl", &state), ("x/data/0", &bytes)]),
        safetensors::serialize([("t", tensor)], None).unwrap(),
    ] {
        for length in 0..whole.len() {
            let error = opened(&whole[..length]).unwrap_err().to_string();
            assert!(error.contains("weights.pt: "), "{length}: {error}");
        }
        for at in 0..whole.len() {
            for bit in [0x01, 0x10, 0x80] {
                let mut flipped = whole.clone();
                flipped[at] ^= bit;
                if let Ok(file) = opened(&flipped) {
                    file.names().for_each(|name| drop(file.get(name)));
                }
            }
        }
    }
}

#[test]
fn hostile_pickles_cost_neither_memory_nor_the_stack() {
    // A text that claims 4 GB.
    let long = b"\x80\x02X\xff\xff\xff\xff.".to_vec();
    // A tuple in a tuple, a million times.
    let deep = [&b"\x80\x02)"[..], &[0x85; 1_000_000], b"."].concat();
    // Every tuple holds the one before twice.
    let mut doubled = b"\x80\x02)q\x00".to_vec();
    for _ in 0..200 {
        doubled.extend(b"h\x00h\x00\x86q\x00");
    }
    doubled.push(b'.');
    // Every dictionary holds the one before twice, under different names.
    let mut dicts = b"\x80\x02}q\x00".to_vec();
    for _ in 0..200 {
        dicts.extend(b"}(X\x01\x00\x00\x00ah\x00X\x01\x00\x00\x00bh\x00uq\x00");
    }
    dicts.push(b'.');
    // A dictionary that holds itself.
    let own = b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.".to_vec();
    // Calls what would run a command.
    let code = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.".to_vec();
    for pickle in [long, deep, doubled, dicts, own, code] {
        if let Ok(file) = opened(&zip(&[("x/data.pkl", &pickle)])) {
            assert_eq!(file.names().count(), 0);
        }
    }
}

#[test]
fn what_is_no_checkpoint_says_so() {
    for (bytes, reason) in [
        (&b""[..], "is empty"),
        (b"hello", "neither a safetensors file nor"),
        (&zip(&[("a.txt", b"hello")]), "has no data.pkl"),
        (
            &legacy(&state(0, [3, 2], [2, 1]), &SIX[..5]),
            "reaches beyond",
        ),
    ] {
        let error = opened(bytes).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

/// The file holds two blocks of one layer norm and one linear layer each after a
/// convolution, as `torch.jit.script` and `save` of PyTorch 2.15 write them; parameter
/// number n counts up from n in steps of a sixteenth.
#[test]
fn a_scripted_module_is_read_by_its_parameters_names() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/torchscript.pt");
    let file = Checkpoint::open(&path).unwrap();
    let expected: [(&str, &[usize], f32); 11] = [
        ("conv1.weight", &[4, 3, 2, 2], 2.),
        ("logit_scale", &[], 4.5),
        ("low", &[2], 1.),
        ("resblocks.0.c_fc.bias", &[8], 6.),
        ("resblocks.0.c_fc.weight", &[8, 4], 5.),
        ("resblocks.0.ln_1.bias", &[4], 4.),
        ("resblocks.0.ln_1.weight", &[4], 3.),
        ("resblocks.1.c_fc.bias", &[8], 10.),
        ("resblocks.1.c_fc.weight", &[8, 4], 9.),
        ("resblocks.1.ln_1.bias", &[4], 8.),
        ("resblocks.1.ln_1.weight", &[4], 7.),
    ];
    let names: Vec<&str> = file.names().collect();
    assert_eq!(names, expected.map(|(name, ..)| name));
    for (name, dims, first) in expected {
        assert_eq!(file.dims(name), Some(dims), "{name}");
        let counted: Vec<f32> = (0..dims.iter().product())
            .map(|i| first + i as f32 / 16.)
            .collect();
        assert_eq!(values(&file, name), counted, "{name}");
    }
}
