//! The words of a `.proto` file. Comments are left out.

use std::iter::Peekable;
use std::str::Chars;

/// A word, and the line it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub what: Word,
    /// From 1.
    pub line: usize,
}

/// What a word is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// A name, with its dots.
    Name(String),
    /// A number as written.
    Number(String),
    /// A text as written, with its quotes.
    Text(String),
    /// Anything else.
    Sign(char),
}

/// Splits a text into words.
pub fn words(text: &str) -> Result<Vec<Token>, String> {
    let mut lexer = Lexer {
        letters: text.chars().peekable(),
        line: 1,
    };
    let mut all = Vec::new();
    while let Some(letter) = lexer.letters.next() {
        lexer.line += usize::from(letter == '\n');
        let line = lexer.line;
        let what = match letter {
            letter if letter.is_whitespace() || letter == '\u{feff}' => continue,
            '/' if lexer.skips_comment()? => continue,
            '"' | '\'' => Word::Text(lexer.text(letter)?),
            letter if letter.is_ascii_digit() => Word::Number(lexer.number(letter)),
            letter if letter.is_ascii_alphabetic() || matches!(letter, '_' | '.') => {
                Word::Name(lexer.name(letter))
            }
            letter => Word::Sign(letter),
        };
        all.push(Token { what, line });
    }
    Ok(all)
}

struct Lexer<'a> {
    letters: Peekable<Chars<'a>>,
    line: usize,
}

impl Lexer<'_> {
    /// Behind a slash: whether a comment began there, which is left behind.
    fn skips_comment(&mut self) -> Result<bool, String> {
        if self.letters.peek() == Some(&'/') {
            while self.letters.next_if(|next| *next != '\n').is_some() {}
            return Ok(true);
        }
        if self.letters.next_if_eq(&'*').is_none() {
            return Ok(false);
        }
        let (began, mut before) = (self.line, ' ');
        for next in self.letters.by_ref() {
            self.line += usize::from(next == '\n');
            if (before, next) == ('*', '/') {
                return Ok(true);
            }
            before = next;
        }
        Err(format!("line {began}: a comment without end"))
    }

    fn text(&mut self, quote: char) -> Result<String, String> {
        let (mut word, mut escaped) = (String::from(quote), false);
        while let Some(next) = self.letters.next_if(|next| *next != '\n') {
            word.push(next);
            if next == quote && !escaped {
                return Ok(word);
            }
            escaped = next == '\\' && !escaped;
        }
        Err(format!("line {}: a text without end", self.line))
    }

    fn number(&mut self, first: char) -> String {
        let mut word = String::from(first);
        loop {
            // A sign belongs to a number only behind an exponent.
            let signed = word.ends_with(['e', 'E']) && !word.starts_with("0x");
            let is_part = |next: &char| {
                next.is_ascii_alphanumeric()
                    || *next == '.'
                    || (signed && matches!(next, '+' | '-'))
            };
            match self.letters.next_if(is_part) {
                Some(next) => word.push(next),
                None => return word,
            }
        }
    }

    fn name(&mut self, first: char) -> String {
        let mut word = String::from(first);
        let is_part = |next: &char| next.is_ascii_alphanumeric() || matches!(next, '_' | '.');
        while let Some(next) = self.letters.next_if(is_part) {
            word.push(next);
        }
        word
    }
}
