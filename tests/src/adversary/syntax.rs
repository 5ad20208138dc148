//! Reads terms, macros and formulas as they stand in the Tamarin models.

/// A term with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// A variable.
    Variable(String),
    /// `'c'`
    Constant(String),
    /// A function, or a pair (see [`PAIR`](super::term::PAIR)).
    Of(String, Vec<Pattern>),
}

/// A formula of Tamarin's guarded first-order logic. Points in time are named with their `#`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formula {
    /// `Fact(...)@i`
    Fact(String, Vec<Pattern>, String),
    /// Terms are equal.
    Equal(Pattern, Pattern),
    /// `#i < #j`
    Before(String, String),
    /// `#i = #j`
    Same(String, String),
    /// Negation.
    Not(Box<Formula>),
    /// All of them.
    And(Vec<Formula>),
    /// One of them.
    Or(Vec<Formula>),
    /// `==>`
    Implies(Box<Formula>, Box<Formula>),
    /// `All`, over these variables.
    All(Vec<String>, Box<Formula>),
    /// `Ex`, over these variables.
    Ex(Vec<String>, Box<Formula>),
}

/// `name(parameters) = body`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Macro {
    /// Its name.
    pub name: String,
    /// Names of its arguments.
    pub parameters: Vec<String>,
    /// What it stands for.
    pub body: Pattern,
}

/// What could not be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(pub String);

type Parsed<T> = Result<T, Unreadable>;

/// A formula that fills the text.
pub fn formula(text: &str) -> Parsed<Formula> {
    let mut reader = Reader::new(text);
    let formula = reader.implication()?;
    if reader.rest.is_empty() { Ok(formula) } else { Err(reader.unreadable("the end")) }
}

/// All macros of a theory, in their order.
pub fn macros(theory: &str) -> Parsed<Vec<Macro>> {
    let mut found = Vec::new();
    for section in theory.split("macros:").skip(1) {
        let mut reader = Reader::new(section);
        loop {
            let name = reader.name()?;
            let parameters = reader.parameters()?;
            reader.expect("=")?;
            found.push(Macro { name, parameters, body: reader.term()? });
            if !reader.eat(",") {
                break;
            }
        }
    }
    Ok(found)
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Reader { rest: text.trim() }
    }

    fn unreadable(&self, wanted: &str) -> Unreadable {
        let here: String = self.rest.chars().take(40).collect();
        Unreadable(format!("{wanted} expected at `{here}`"))
    }

    fn eat(&mut self, sign: &str) -> bool {
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.eat(sign) { Ok(()) } else { Err(self.unreadable(sign)) }
    }

    fn name(&mut self) -> Parsed<String> {
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() {
            return Err(self.unreadable("a name"));
        }
        self.rest = rest.trim_start();
        Ok(name.to_string())
    }

    /// A name, unless another comes first.
    fn word(&mut self, word: &str) -> bool {
        let before = self.rest;
        let found = self.name().is_ok_and(|name| name == word);
        if !found {
            self.rest = before;
        }
        found
    }

    fn parameters(&mut self) -> Parsed<Vec<String>> {
        self.expect("(")?;
        let mut names = vec![self.name()?];
        while self.eat(",") {
            names.push(self.name()?);
        }
        self.expect(")")?;
        Ok(names)
    }

    fn terms(&mut self, end: &str) -> Parsed<Vec<Pattern>> {
        let mut terms = Vec::new();
        while !self.eat(end) {
            if !terms.is_empty() {
                self.expect(",")?;
            }
            terms.push(self.term()?);
        }
        Ok(terms)
    }

    fn term(&mut self) -> Parsed<Pattern> {
        if self.eat("<") {
            let mut items = self.terms(">")?.into_iter().rev();
            let last = items.next().ok_or_else(|| self.unreadable("a term"))?;
            return Ok(items.fold(last, |tail, item| Pattern::Of(super::term::PAIR.to_string(), vec![item, tail])));
        }
        if let Some(rest) = self.rest.strip_prefix('\'') {
            let (constant, rest) = rest.split_once('\'').ok_or_else(|| self.unreadable("a closing '"))?;
            self.rest = rest.trim_start();
            return Ok(Pattern::Constant(constant.to_string()));
        }
        let _ = self.eat("~") || self.eat("$");
        let name = self.name()?;
        Ok(if self.eat("(") { Pattern::Of(name, self.terms(")")?) } else { Pattern::Variable(name) })
    }

    fn implication(&mut self) -> Parsed<Formula> {
        let left = self.disjunction()?;
        if self.eat("==>") { Ok(Formula::Implies(Box::new(left), Box::new(self.implication()?))) } else { Ok(left) }
    }

    fn disjunction(&mut self) -> Parsed<Formula> {
        let mut parts = vec![self.conjunction()?];
        while self.eat("|") {
            parts.push(self.conjunction()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Formula::Or(parts) })
    }

    fn conjunction(&mut self) -> Parsed<Formula> {
        let mut parts = vec![self.unary()?];
        while self.eat("&") {
            parts.push(self.unary()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Formula::And(parts) })
    }

    fn unary(&mut self) -> Parsed<Formula> {
        if self.word("not") {
            return Ok(Formula::Not(Box::new(self.unary()?)));
        }
        if self.word("All") {
            return Ok(Formula::All(self.variables()?, Box::new(self.implication()?)));
        }
        if self.word("Ex") {
            return Ok(Formula::Ex(self.variables()?, Box::new(self.implication()?)));
        }
        if self.eat("(") {
            let formula = self.implication()?;
            self.expect(")")?;
            return Ok(formula);
        }
        self.atom()
    }

    fn variables(&mut self) -> Parsed<Vec<String>> {
        let mut variables = Vec::new();
        while !self.eat(".") {
            let time = self.eat("#");
            let name = self.name()?;
            variables.push(if time { format!("#{name}") } else { name });
        }
        Ok(variables)
    }

    fn time(&mut self) -> Parsed<String> {
        self.eat("#");
        Ok(format!("#{}", self.name()?))
    }

    fn atom(&mut self) -> Parsed<Formula> {
        if self.rest.starts_with('#') {
            let left = self.time()?;
            let before = self.eat("<");
            if !before {
                self.expect("=")?;
            }
            let right = self.time()?;
            return Ok(if before { Formula::Before(left, right) } else { Formula::Same(left, right) });
        }
        let left = self.term()?;
        if self.eat("@") {
            return match left {
                // KU is K, as far as a trace of finished steps can tell.
                Pattern::Of(name, arguments) => {
                    Ok(Formula::Fact(if name == "KU" { "K".to_string() } else { name }, arguments, self.time()?))
                }
                _ => Err(self.unreadable("a fact")),
            };
        }
        self.expect("=")?;
        Ok(Formula::Equal(left, self.term()?))
    }
}
