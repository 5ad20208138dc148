//! The source with all changes in it, each behind its switch.

use crate::sites::{Kind, Site};
use std::ops::Range;

/// A changed file.
pub(crate) struct Woven {
    pub(crate) text: String,
    /// Where each change stands in the text: what does not compile there is the change's fault.
    pub(crate) changes: Vec<(u32, Range<usize>)>,
    /// Where each site stands, with all that is in it.
    pub(crate) sites: Vec<(Vec<u32>, Range<usize>)>,
    /// Where a match arm got a guard: it does not count for exhaustiveness any more.
    pub(crate) arms: Vec<(Vec<u32>, usize)>,
}

impl Woven {
    /// The change whose text is here.
    pub(crate) fn change(&self, at: usize) -> Option<u32> {
        self.changes.iter().find(|(_, range)| range.contains(&at)).map(|(id, _)| *id)
    }

    /// The changes of the innermost site that is around this.
    pub(crate) fn site(&self, at: usize) -> Option<&[u32]> {
        let around = self.sites.iter().filter(|(_, range)| range.contains(&at));
        around.min_by_key(|(_, range)| range.len()).map(|(ids, _)| ids.as_slice())
    }

    /// The changes that gave a guard to the next match arm.
    pub(crate) fn arm_after(&self, at: usize) -> Option<&[u32]> {
        let after = self.arms.iter().filter(|(_, arm)| *arm > at);
        after.min_by_key(|(_, arm)| *arm).map(|(ids, _)| ids.as_slice())
    }
}

/// Puts the changes of these sites (in order, the outer one first) into the source, but for those that are left out.
pub(crate) fn weave(source: &str, sites: &[Site], left_out: &dyn Fn(u32) -> bool) -> Woven {
    let woven = Woven { text: String::new(), changes: Vec::new(), sites: Vec::new(), arms: Vec::new() };
    let mut weaver = Weaver { source, left_out, woven };
    weaver.render(0..source.len(), sites);
    weaver.woven
}

struct Weaver<'a> {
    source: &'a str,
    left_out: &'a dyn Fn(u32) -> bool,
    woven: Woven,
}

impl Weaver<'_> {
    /// What stands in a range, with the sites in it.
    fn render(&mut self, range: Range<usize>, sites: &[Site]) {
        let mut at = range.start;
        let mut rest = sites;
        while let Some((site, more)) = rest.split_first() {
            let inside = site.range.start >= at && site.range.end <= range.end;
            if !inside {
                rest = more;
                continue;
            }
            self.copy(at..site.range.start);
            // What is nested in this site comes right after it.
            let nested =
                more.iter().take_while(|one| one.range.start < site.range.end || one.range == site.range).count();
            self.site(site, &more[..nested]);
            at = site.range.end;
            rest = &more[nested..];
        }
        self.copy(at..range.end);
    }

    fn site(&mut self, site: &Site, nested: &[Site]) {
        let start = self.woven.text.len();
        let changes: Vec<&(u32, String)> = site.changes.iter().filter(|(id, _)| !(self.left_out)(*id)).collect();
        if changes.is_empty() {
            return self.render(site.range.clone(), nested);
        }
        match &site.kind {
            Kind::Body => {
                for (id, value) in changes {
                    self.push(&format!("if {} {{ ", on(*id)));
                    self.change(*id, &format!("return {value};"));
                    self.push(" } ");
                }
                self.render(site.range.clone(), nested);
            }
            Kind::Binary(left, right) => {
                let (l, r) = (&self.source[left.clone()], &self.source[right.clone()]);
                let changed = changes.iter().map(|(id, op)| (*id, format!("{l} {op} {r}")));
                self.either(changed, site.range.clone(), nested);
            }
            Kind::Unary(operand) => {
                let operand = &self.source[operand.clone()];
                self.either(changes.iter().map(|(id, _)| (*id, operand.to_string())), site.range.clone(), nested);
            }
            Kind::Guard => {
                self.either(changes.iter().map(|(id, value)| (*id, value.clone())), site.range.clone(), nested)
            }
            Kind::Arm => {
                let there: Vec<String> = changes.iter().map(|(id, _)| format!("!{}", on(*id))).collect();
                let there = there.join(" && ");
                if site.range.is_empty() {
                    self.push(&format!(" if {there}"));
                } else {
                    self.push(&format!("{there} && ("));
                    self.render(site.range.clone(), nested);
                    self.push(")");
                }
            }
            Kind::Field(rest, name) => {
                let whole = &self.source[site.range.clone()];
                let value = whole.strip_prefix(name.as_str()).map_or(whole, str::trim_start);
                let from = value
                    .strip_prefix(':')
                    .map_or(site.range.clone(), |value| site.range.end - value.len()..site.range.end);
                self.push(&format!("{name}: "));
                let rest = &self.source[rest.clone()];
                self.either(changes.iter().map(|(id, _)| (*id, format!("({rest}).{name}"))), from, nested);
            }
        }
        let ids: Vec<u32> = site.changes.iter().map(|(id, _)| *id).collect();
        if matches!(site.kind, Kind::Arm) {
            self.woven.arms.push((ids.clone(), start));
        }
        self.woven.sites.push((ids, start..self.woven.text.len()));
    }

    /// One of the changed expressions, or the original one. Within a changed one nothing else is changed.
    fn either(&mut self, changed: impl Iterator<Item = (u32, String)>, original: Range<usize>, nested: &[Site]) {
        self.push("(");
        for (id, text) in changed {
            self.push(&format!("if {} {{ ", on(id)));
            self.change(id, &text);
            self.push(" } else ");
        }
        self.push("{ ");
        self.render(original, nested);
        self.push(" })");
    }

    fn change(&mut self, id: u32, text: &str) {
        let start = self.woven.text.len();
        self.push(text);
        self.woven.changes.push((id, start..self.woven.text.len()));
    }

    fn copy(&mut self, range: Range<usize>) {
        self.woven.text.push_str(&self.source[range]);
    }

    fn push(&mut self, text: &str) {
        self.woven.text.push_str(text);
    }
}

fn on(id: u32) -> String {
    format!("::mutant_switch::on({id})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::Mutant;

    fn mutant(id: u32, genre: &str, line: usize, column: usize, replacement: &str) -> Mutant {
        let place = serde_json::json!({ "line": line, "column": column });
        let all = serde_json::json!({
            "id": id, "file": "", "genre": genre, "name": "", "replacement": replacement, "span": { "start": place }
        });
        serde_json::from_value(all).unwrap()
    }

    fn woven(source: &str, mutants: &[Mutant], left_out: u32) -> Woven {
        let sites = crate::sites::of(source, &mutants.iter().collect::<Vec<_>>()).unwrap();
        weave(source, &sites, &|id| id == left_out)
    }

    #[test]
    fn changes_are_nested_and_each_stands_alone() {
        let source = "fn f(é: u8) -> bool {\n    é == 1 && !(é < 2)\n}\n";
        let mutants = [
            mutant(1, "FnValue", 2, 5, "true"),
            mutant(2, "BinaryOperator", 2, 12, "||"),
            mutant(3, "BinaryOperator", 2, 7, "!="),
            mutant(4, "UnaryOperator", 2, 15, ""),
            mutant(5, "BinaryOperator", 2, 19, ">"),
            mutant(6, "BinaryOperator", 2, 19, "<="),
        ];
        let all = woven(source, &mutants, 0);
        let on = |id: u32| format!("::mutant_switch::on({id})");
        let expected = format!(
            "fn f(é: u8) -> bool {{\n    if {} {{ return true; }} (if {} {{ é == 1 || !(é < 2) }} else {{ \
             (if {} {{ é != 1 }} else {{ é == 1 }}) && (if {} {{ (é < 2) }} else {{ \
             !((if {} {{ é > 2 }} else if {} {{ é <= 2 }} else {{ é < 2 }})) }}) }})\n}}\n",
            on(1),
            on(2),
            on(3),
            on(4),
            on(5),
            on(6)
        );
        assert_eq!(all.text, expected);
        for (id, range) in &all.changes {
            assert!(all.text[..range.start].ends_with(&format!("{} {{ ", on(*id))), "{id}");
        }
        assert!(!woven(source, &mutants, 4).text.contains("on(4)"));
    }

    #[test]
    fn arms_guards_and_fields() {
        let source = "fn f(x: u8) -> T {\n    match x {\n        1 => a,\n        y if y > 2 => b,\n        _ => T { p: q(), r, ..s },\n    }\n}\n";
        let mutants = [
            mutant(1, "MatchArm", 3, 9, ""),
            mutant(2, "MatchArm", 4, 9, ""),
            mutant(3, "MatchArmGuard", 4, 14, "true"),
            mutant(4, "StructField", 5, 18, ""),
            mutant(5, "StructField", 5, 26, ""),
        ];
        let text = woven(source, &mutants, 0).text;
        assert!(text.contains("1 if !::mutant_switch::on(1) => a"), "{text}");
        assert!(
            text.contains("y if !::mutant_switch::on(2) && ((if ::mutant_switch::on(3) { true } else { y > 2 })) => b"),
            "{text}"
        );
        assert!(text.contains("p: (if ::mutant_switch::on(4) { (s).p } else {  q() })"), "{text}");
        assert!(text.contains("r: (if ::mutant_switch::on(5) { (s).r } else { r }), ..s"), "{text}");
    }

    #[test]
    fn a_chain_with_let_has_no_other_operator() {
        let source = "fn f() {\n    if let Some(x) = y && x == 1 {}\n}\n";
        let mutants = [mutant(1, "BinaryOperator", 2, 24, "||"), mutant(2, "BinaryOperator", 2, 29, "!=")];
        let text = woven(source, &mutants, 0).text;
        assert!(
            text.contains("let Some(x) = y && (if ::mutant_switch::on(2) { x != 1 } else { x == 1 }) {}"),
            "{text}"
        );
    }
}
