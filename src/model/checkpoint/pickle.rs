//! The part of Python's pickle format that checkpoints are written in, read as
//! data: classes are names, calls are not made.
//!
//! Values lie in one list and refer to each other by their places in it. So
//! however a hostile file nests and repeats them, memory grows with the file's
//! length only, and nothing here recurses without a bound.

mod state;

pub(super) use state::{skip, tensors, texts};

use std::collections::HashMap;

/// Longest pickle that is read; a large network's has some hundred kilobytes.
const MOST_BYTES: usize = 8 << 20;

/// A value's place.
type Id = usize;

/// A value. Of numbers only what checkpoints need is kept.
#[derive(Debug, Clone, PartialEq)]
enum Value<'a> {
    Mark,
    /// A value that no tensor's description needs.
    Other,
    Int(i64),
    Text(&'a str),
    Class(&'a str, &'a str),
    /// A tuple, a list or a set.
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// What calling `callable` would give.
    Call {
        callable: Id,
        arguments: Id,
    },
    /// An object with its state.
    Built {
        state: Id,
    },
    /// Something outside the pickle, by its key.
    Persistent(Id),
}

/// The values of a pickle.
#[derive(Debug)]
struct Pickle<'a> {
    values: Vec<Value<'a>>,
    root: Id,
}

/// Reads one pickle from the start of `data`; gives it and its length.
fn read(data: &[u8]) -> Result<(Pickle<'_>, usize), String> {
    let mut reader = Reader {
        data: &data[..data.len().min(MOST_BYTES)],
        at: 0,
        values: Vec::new(),
        stack: Vec::new(),
        memo: HashMap::new(),
    };
    match reader.run() {
        Some(root) => Ok((
            Pickle {
                values: reader.values,
                root,
            },
            reader.at,
        )),
        None if reader.at >= MOST_BYTES => Err("its pickle is too long".to_owned()),
        None => Err(format!("its pickle is damaged at byte {}", reader.at)),
    }
}

struct Reader<'a> {
    data: &'a [u8],
    at: usize,
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    memo: HashMap<u32, Id>,
}

impl<'a> Reader<'a> {
    /// Carries out every instruction; `None` where one makes no sense.
    fn run(&mut self) -> Option<Id> {
        loop {
            let [code] = self.bytes()?;
            match code {
                b'.' => return self.stack.pop(),
                // PROTO, FRAME: nothing follows from them.
                0x80 => drop(self.bytes::<1>()?),
                0x95 => drop(self.bytes::<8>()?),
                _ => self.step(code)?,
            }
        }
    }

    fn step(&mut self, code: u8) -> Option<()> {
        match code {
            b'(' => self.push(Value::Mark),
            b'N' | 0x88 | 0x89 => self.push(Value::Other),
            b'G' => {
                self.bytes::<8>()?;
                self.push(Value::Other);
            }
            b'K' => {
                let [byte] = self.bytes()?;
                self.push(Value::Int(byte.into()));
            }
            b'M' => {
                let number = u16::from_le_bytes(self.bytes()?);
                self.push(Value::Int(number.into()));
            }
            b'J' => {
                let number = i32::from_le_bytes(self.bytes()?);
                self.push(Value::Int(number.into()));
            }
            0x8a => {
                let [length] = self.bytes()?;
                self.long(length.into())?;
            }
            0x8b => {
                let length = u32::from_le_bytes(self.bytes()?);
                self.long(length.try_into().ok()?)?;
            }
            b'X' | b'T' | b'B' | 0x8c | b'U' | b'C' | 0x8d | 0x8e => self.text(code)?,
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Value::Class(module, name));
            }
            0x93 => {
                let (name, module) = (self.stack.pop()?, self.stack.pop()?);
                let (Value::Text(module), Value::Text(name)) =
                    (self.values.get(module)?, self.values.get(name)?)
                else {
                    return None;
                };
                let class = Value::Class(module, name);
                self.push(class);
            }
            b')' | b']' | 0x8f => self.push(Value::List(Vec::new())),
            b'}' => self.push(Value::Dict(Vec::new())),
            0x85..=0x87 => {
                let count = usize::from(code - 0x84);
                let from = self.stack.len().checked_sub(count)?;
                let items = self.stack.split_off(from);
                self.push(Value::List(items));
            }
            b't' | b'l' => {
                let items = self.pop_to_mark()?;
                self.push(Value::List(items));
            }
            b'd' => {
                let items = self.pop_to_mark()?;
                self.push(Value::Dict(Vec::new()));
                self.set(&items)?;
            }
            b'a' => {
                let item = self.stack.pop()?;
                self.append(vec![item])?;
            }
            b'e' | 0x90 => {
                let items = self.pop_to_mark()?;
                self.append(items)?;
            }
            b's' => {
                let (value, key) = (self.stack.pop()?, self.stack.pop()?);
                self.set(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set(&items)?;
            }
            b'0' => drop(self.stack.pop()?),
            b'1' => drop(self.pop_to_mark()?),
            b'2' => self.stack.push(*self.stack.last()?),
            b'q' => {
                let [key] = self.bytes()?;
                self.memo.insert(key.into(), *self.stack.last()?);
            }
            b'r' => {
                let key = u32::from_le_bytes(self.bytes()?);
                self.memo.insert(key, *self.stack.last()?);
            }
            0x94 => {
                let key = self.memo.len().try_into().ok()?;
                self.memo.insert(key, *self.stack.last()?);
            }
            b'h' => {
                let [key] = self.bytes()?;
                self.stack.push(*self.memo.get(&key.into())?);
            }
            b'j' => {
                let key = u32::from_le_bytes(self.bytes()?);
                self.stack.push(*self.memo.get(&key)?);
            }
            b'Q' => {
                let key = self.stack.pop()?;
                self.push(Value::Persistent(key));
            }
            // REDUCE, NEWOBJ.
            b'R' | 0x81 => {
                let (arguments, callable) = (self.stack.pop()?, self.stack.pop()?);
                let result = self.call(callable, arguments);
                self.push(result);
            }
            // BUILD. A dictionary's state is only about how it was written.
            b'b' => {
                let state = self.stack.pop()?;
                let object = *self.stack.last()?;
                if !matches!(self.values.get(object)?, Value::Dict(_)) {
                    self.stack.pop();
                    self.push(Value::Built { state });
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn push(&mut self, value: Value<'a>) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let taken = self.data.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn line(&mut self) -> Option<&'a str> {
        let rest = self.data.get(self.at..)?;
        let length = memchr::memchr(b'\n', rest)?;
        let line = self.take(length + 1)?.get(..length)?;
        std::str::from_utf8(line).ok()
    }

    /// Texts and bytes, which differ in how their length is written.
    fn text(&mut self, code: u8) -> Option<()> {
        let length = match code {
            0x8c | b'U' | b'C' => {
                let [length] = self.bytes()?;
                length.into()
            }
            0x8d | 0x8e => usize::try_from(u64::from_le_bytes(self.bytes()?)).ok()?,
            _ => usize::try_from(u32::from_le_bytes(self.bytes()?)).ok()?,
        };
        let text = self.take(length)?;
        let text = std::str::from_utf8(text).map_or(Value::Other, Value::Text);
        self.push(text);
        Some(())
    }

    /// A whole number in `length` bytes, the lowest first; one too large for
    /// any size in a file is no number of interest.
    fn long(&mut self, length: usize) -> Option<()> {
        let bytes = self.take(length)?;
        let value = match bytes.last() {
            None => Value::Int(0),
            Some(last) if bytes.len() <= 8 => {
                let mut wide = [if last & 0x80 == 0 { 0 } else { 0xff }; 8];
                wide[..bytes.len()].copy_from_slice(bytes);
                Value::Int(i64::from_le_bytes(wide))
            }
            Some(_) => Value::Other,
        };
        self.push(value);
        Some(())
    }

    fn pop_to_mark(&mut self) -> Option<Vec<Id>> {
        let is_mark = |id: &Id| matches!(self.values.get(*id), Some(Value::Mark));
        let mark = self.stack.iter().rposition(is_mark)?;
        let items = self.stack.split_off(mark + 1);
        self.stack.pop();
        Some(items)
    }

    fn append(&mut self, items: Vec<Id>) -> Option<()> {
        match self.values.get_mut(*self.stack.last()?)? {
            Value::List(list) => list.extend(items),
            _ => return None,
        }
        Some(())
    }

    fn set(&mut self, items: &[Id]) -> Option<()> {
        let (pairs, rest) = items.as_chunks::<2>();
        match self.values.get_mut(*self.stack.last()?)? {
            Value::Dict(dict) if rest.is_empty() => {
                dict.extend(pairs.iter().map(|&[key, value]| (key, value)));
            }
            _ => return None,
        }
        Some(())
    }

    /// A call that is not made, except that an ordered dictionary is one.
    fn call(&self, callable: Id, arguments: Id) -> Value<'a> {
        let is_dict = matches!(
            self.values.get(callable),
            Some(Value::Class("collections", "OrderedDict" | "defaultdict"))
        );
        if !is_dict {
            return Value::Call {
                callable,
                arguments,
            };
        }
        // Its arguments are nothing, or a list of pairs.
        let list = |id: Id| match self.values.get(id) {
            Some(Value::List(items)) => items.as_slice(),
            _ => &[],
        };
        let pairs = list(arguments)
            .first()
            .map_or(&[][..], |&pairs| list(pairs));
        Value::Dict(
            pairs
                .iter()
                .filter_map(|&pair| match list(pair) {
                    &[key, value] => Some((key, value)),
                    _ => None,
                })
                .collect(),
        )
    }
}
