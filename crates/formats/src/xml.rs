//! XML with nothing in it that could hurt: a small tree of elements in known namespaces.
//!
//! No DTD, no entity but the five predefined and character references, bounded bytes, elements, depth, attributes and
//! text. Encodings: UTF-8 (with or without a byte-order mark), US-ASCII, and ISO-8859-1 where declared.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use crate::error::{FormatError, Place, Standard};
use crate::limits::{XML_ATTRIBUTES, XML_BYTES, XML_DEPTH, XML_ELEMENTS, XML_TEXT_BYTES};

/// What a standard wants of the reader.
pub(crate) struct Rules {
    /// For the errors.
    pub(crate) standard: Standard,
    /// The namespaces whose elements are read (an empty name: elements in none); others stay in the tree only as
    /// unnamed ones.
    pub(crate) namespaces: &'static [&'static str],
    /// Local names of elements whose content never becomes a value: the element stays, to be counted, empty.
    pub(crate) skipped: &'static [&'static str],
    /// Local names of the attributes that are read.
    pub(crate) attributes: &'static [&'static str],
}

/// An element.
#[derive(Debug, Default)]
pub(crate) struct Element {
    /// Local name; empty when it is in no namespace of [`Rules::namespaces`].
    pub(crate) name: Box<str>,
    /// Index into [`Rules::namespaces`].
    pub(crate) namespace: usize,
    /// The attributes of [`Rules::attributes`].
    pub(crate) attributes: Vec<(&'static str, Box<str>)>,
    /// Its own text, without that of its children, as it came.
    pub(crate) text: String,
    /// Its children.
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The children of that name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| &*child.name == name)
    }

    /// The text of the first child of that name, trimmed; `None` when there is none or it is empty.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        let named = self.children.iter().filter(|child| &*child.name == name);
        named.map(|child| child.text.trim()).find(|text| !text.is_empty())
    }

    /// An attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| *key == name).map(|(_, value)| &**value)
    }
}

/// Reads a document; returns its root.
pub(crate) fn parse(bytes: &[u8], rules: &Rules) -> Result<Element, FormatError> {
    let text = decode(bytes, rules.standard)?;
    let mut reader = NsReader::from_str(&text);
    reader.config_mut().expand_empty_elements = true;
    let mut tree = Tree { rules, open: Vec::new(), skipping: None, elements: 0, root: None };
    loop {
        let at = reader.buffer_position();
        let (namespace, event) = match reader.read_resolved_event() {
            Ok((ResolveResult::Bound(found), event)) => {
                (rules.namespaces.iter().position(|known| *known == found.0), event)
            }
            Ok((ResolveResult::Unbound, event)) => (rules.namespaces.iter().position(|known| known.is_empty()), event),
            Ok((ResolveResult::Unknown(_), event)) => (None, event),
            Err(_) => return Err(tree.malformed(at, "well-formed XML", "something else")),
        };
        match event {
            Event::Start(start) => tree.start(&start, namespace, at)?,
            Event::End(_) => tree.end(),
            Event::Text(text) => tree.text(&text.xml10_content(), at)?,
            Event::CData(text) => tree.text(&text.xml10_content(), at)?,
            Event::GeneralRef(reference) => {
                let resolved = tree.resolve(&reference, at)?;
                tree.text(resolved.encode_utf8(&mut [0; 4]), at)?;
            }
            Event::DocType(_) => return Err(tree.unsupported(at, "a DOCTYPE")),
            Event::Eof => return tree.finish(at),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

struct Tree<'r> {
    rules: &'r Rules,
    open: Vec<Element>,
    /// Depth of the skipped element that we are in.
    skipping: Option<usize>,
    elements: u64,
    root: Option<Element>,
}

impl Tree<'_> {
    fn start(&mut self, start: &BytesStart<'_>, namespace: Option<usize>, at: u64) -> Result<(), FormatError> {
        self.elements += 1;
        if self.elements > XML_ELEMENTS {
            return Err(self.too_large(at, "elements", XML_ELEMENTS, self.elements));
        }
        if self.open.len() >= XML_DEPTH {
            return Err(self.too_large(at, "levels of elements", XML_DEPTH as u64, XML_DEPTH as u64 + 1));
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err(self.malformed(at, "one root element", "a second one"));
        }
        let mut element = Element::default();
        if let (Some(namespace), None) = (namespace, self.skipping) {
            let name = start.local_name();
            element.name = name.as_ref().into();
            element.namespace = namespace;
            element.attributes = self.attributes(start, at)?;
            if self.rules.skipped.contains(&name.as_ref()) {
                self.skipping = Some(self.open.len());
            }
        }
        self.open.push(element);
        Ok(())
    }

    fn attributes(&self, start: &BytesStart<'_>, at: u64) -> Result<Vec<(&'static str, Box<str>)>, FormatError> {
        let mut kept = Vec::new();
        // The check for doubles is quadratic; here the first one of a name wins and the count is bounded instead.
        for (count, attribute) in start.attributes().with_checks(false).enumerate() {
            if count >= XML_ATTRIBUTES {
                return Err(self.too_large(at, "attributes", XML_ATTRIBUTES as u64, count as u64 + 1));
            }
            let broken = || self.malformed(at, "attributes as name=\"value\"", "something else");
            let attribute = attribute.map_err(|_| broken())?;
            let wanted = self.rules.attributes.iter().find(|name| **name == attribute.key.as_ref());
            let Some(name) = wanted else { continue };
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| broken())?;
            kept.push((*name, value.into()));
        }
        Ok(kept)
    }

    fn end(&mut self) {
        let Some(element) = self.open.pop() else { return };
        if self.skipping == Some(self.open.len()) {
            self.skipping = None;
        }
        match self.open.last_mut() {
            // What is inside a skipped element is gone with it.
            Some(_) if self.skipping.is_some() => {}
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, text: &str, at: u64) -> Result<(), FormatError> {
        let skipping = self.skipping.is_some();
        match self.open.last_mut() {
            Some(element) if !skipping && !element.name.is_empty() => {
                element.text.push_str(text);
                let found = element.text.len();
                if found > XML_TEXT_BYTES {
                    return Err(self.too_large(at, "bytes of text", XML_TEXT_BYTES as u64, found as u64));
                }
                Ok(())
            }
            Some(_) => Ok(()),
            None if text.trim().is_empty() => Ok(()),
            None => Err(self.malformed(at, "an element", "text outside of any")),
        }
    }

    fn resolve(&self, reference: &BytesRef<'_>, at: u64) -> Result<char, FormatError> {
        match &**reference {
            "lt" => return Ok('<'),
            "gt" => return Ok('>'),
            "amp" => return Ok('&'),
            "apos" => return Ok('\''),
            "quot" => return Ok('"'),
            _ => {}
        }
        match reference.resolve_char_ref() {
            Ok(Some(char)) if allowed(char) => Ok(char),
            Ok(None) => Err(self.unsupported(at, "an entity of its own")),
            Ok(Some(_)) | Err(_) => Err(self.malformed(at, "a reference to a character", "one to none")),
        }
    }

    fn finish(self, at: u64) -> Result<Element, FormatError> {
        if !self.open.is_empty() {
            return Err(self.malformed(at, "the end of every element", "an end too soon"));
        }
        let standard = self.rules.standard;
        self.root.ok_or(FormatError::Missing { standard, what: "a root element" })
    }

    fn malformed(&self, at: u64, expected: &'static str, found: &'static str) -> FormatError {
        FormatError::Malformed { standard: self.rules.standard, at: Place::Byte(at), expected, found }
    }

    fn unsupported(&self, at: u64, what: &'static str) -> FormatError {
        FormatError::Unsupported { standard: self.rules.standard, at: Place::Byte(at), what }
    }

    fn too_large(&self, at: u64, unit: &'static str, most: u64, found: u64) -> FormatError {
        FormatError::TooLarge { standard: self.rules.standard, at: Place::Byte(at), unit, most, found }
    }
}

/// XML 1.0 `Char`, section 2.2.
fn allowed(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

fn decode(bytes: &[u8], standard: Standard) -> Result<String, FormatError> {
    if bytes.len() as u64 > XML_BYTES {
        let (at, found) = (Place::Document, bytes.len() as u64);
        return Err(FormatError::TooLarge { standard, at, unit: "bytes", most: XML_BYTES, found });
    }
    let unsupported = |what| FormatError::Unsupported { standard, at: Place::Byte(0), what };
    let bytes = match bytes {
        [0xfe, 0xff, ..] | [0xff, 0xfe, ..] => return Err(unsupported("UTF-16")),
        [0xef, 0xbb, 0xbf, rest @ ..] => rest,
        _ => bytes,
    };
    let malformed =
        |at: usize, expected, found| FormatError::Malformed { standard, at: Place::Byte(at as u64), expected, found };
    let text = match declared_encoding(bytes).to_ascii_lowercase().as_str() {
        "" | "utf-8" | "utf8" | "us-ascii" | "ascii" => {
            let broken = |error: std::str::Utf8Error| malformed(error.valid_up_to(), "UTF-8", "bytes that are none");
            std::str::from_utf8(bytes).map_err(broken)?.to_owned()
        }
        // Each byte is the code point of the same number.
        "iso-8859-1" | "latin1" => bytes.iter().copied().map(char::from).collect(),
        _ => return Err(unsupported("an encoding other than UTF-8 and ISO-8859-1")),
    };
    match text.char_indices().find(|(_, char)| !allowed(*char)) {
        Some((at, _)) => Err(malformed(at, "characters of XML", "a control character")),
        None => Ok(text),
    }
}

/// The encoding that the XML declaration names, or nothing.
fn declared_encoding(bytes: &[u8]) -> String {
    // A declaration is ASCII and far below 200 bytes.
    let start: String = bytes.iter().take(200).copied().map(char::from).collect();
    let declaration = start.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")).map(|(inside, _)| inside);
    let value = declaration.and_then(|inside| inside.split_once("encoding")).map(|(_, rest)| rest);
    let value = value.and_then(|rest| rest.trim_start().strip_prefix('=')).map(str::trim_start).unwrap_or_default();
    value.split(['"', '\'']).nth(1).unwrap_or_default().to_owned()
}
