//! Services of a `.proto` file, from its words.

use super::lex::Word;
use super::parse::{Parser, Read};
use super::{Method, Opt, Service};

impl Parser {
    pub(super) fn service(&mut self) -> Read<Service> {
        let mut service = Service {
            name: self.name()?,
            ..Service::default()
        };
        self.sign('{')?;
        while !self.next_sign('}') {
            if self.next_sign(';') {
                continue;
            }
            if self.next_name("option") {
                service.options.push(self.option()?);
                self.sign(';')?;
                continue;
            }
            if !self.next_name("rpc") {
                return self.wrong("rpc");
            }
            service.methods.push(self.method()?);
        }
        Ok(service)
    }

    fn method(&mut self) -> Read<Method> {
        let name = self.name()?;
        let input = self.message_of_method()?;
        if !self.next_name("returns") {
            return self.wrong("returns");
        }
        let output = self.message_of_method()?;
        let mut options = Vec::new();
        if self.next_sign('{') {
            while !self.next_sign('}') {
                self.method_option(&mut options)?;
            }
        } else {
            self.sign(';')?;
        }
        Ok(Method {
            name,
            input,
            output,
            options,
        })
    }

    fn method_option(&mut self, options: &mut Vec<Opt>) -> Read<()> {
        if self.next_sign(';') {
            return Ok(());
        }
        if !self.next_name("option") {
            return self.wrong("option");
        }
        options.push(self.option()?);
        self.sign(';')
    }

    fn message_of_method(&mut self) -> Read<(String, bool)> {
        self.sign('(')?;
        let first = self.path()?;
        let is_stream = first == "stream" && self.peek() != Some(&Word::Sign(')'));
        let name = if is_stream { self.path()? } else { first };
        self.sign(')')?;
        Ok((name, is_stream))
    }
}
