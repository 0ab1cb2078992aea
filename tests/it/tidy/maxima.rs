//! How long, how wide and how deep: functions and files are measured against the maxima.
//!
//! What counts: of a function, the lines between the braces of its body that are neither blank nor
//! only a comment, tests included, macro bodies not; of a file, every line; of the arguments, all,
//! `self` included; of nesting, `if` (a chain of `else if` once), `match`, loops, and closures and
//! async blocks with a body in braces.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::source::Source;

const FUNCTION_LINES: usize = 60;
const FILE_LINES: usize = 500;
const ARGUMENTS: usize = 6;
const NESTING: usize = 4;

/// Files and functions that may be bigger. An entry that is not needed any more fails the test.
const EXCEPTIONS: &[Exception] = &[];

/// Leave for one file, or one function of it, to exceed one maximum.
struct Exception {
    path: &'static str,
    /// The function; empty when the file itself is meant.
    function: &'static str,
    limit: Limit,
    reason: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    FunctionLines,
    FileLines,
    Arguments,
    Nesting,
}

impl Limit {
    fn max(self) -> usize {
        match self {
            Self::FunctionLines => FUNCTION_LINES,
            Self::FileLines => FILE_LINES,
            Self::Arguments => ARGUMENTS,
            Self::Nesting => NESTING,
        }
    }
}

struct Measure {
    path: String,
    line: usize,
    function: String,
    limit: Limit,
    value: usize,
}

#[test]
fn nothing_exceeds_its_maximum() {
    let sources = super::source::rust_files();
    let measures: Vec<Measure> = sources.iter().flat_map(measure).collect();
    println!("{}", medians(&measures));
    super::assert_none(&violations(&measures, EXCEPTIONS));
}

/// Median, 95th percentile and maximum of functions and files, for information.
fn medians(measures: &[Measure]) -> String {
    let spread = |limit: Limit| {
        let mut values: Vec<usize> = measures
            .iter()
            .filter(|m| m.limit == limit)
            .map(|m| m.value)
            .collect();
        values.sort_unstable();
        let at = |percent: usize| {
            values.get((values.len() * percent / 100).min(values.len().saturating_sub(1)))
        };
        let of = |percent| at(percent).copied().unwrap_or_default();
        format!("{} of {} / {} / {}", values.len(), of(50), of(95), of(100))
    };
    format!(
        "median / p95 / max lines: functions {}; files {}",
        spread(Limit::FunctionLines),
        spread(Limit::FileLines)
    )
}

fn violations(measures: &[Measure], exceptions: &[Exception]) -> Vec<String> {
    let excess: Vec<&Measure> = measures
        .iter()
        .filter(|m| m.value > m.limit.max())
        .collect();
    let named = |e: &Exception, m: &Measure| {
        e.path == m.path && e.function == m.function && e.limit == m.limit
    };
    let mut found: Vec<String> = excess
        .iter()
        .filter(|m| !exceptions.iter().any(|e| named(e, m)))
        .map(|m| {
            let (limit, max) = (m.limit, m.limit.max());
            format!(
                "{}:{}: {} {limit:?} {} > {max}",
                m.path, m.line, m.function, m.value
            )
        })
        .collect();
    for e in exceptions {
        if e.reason.is_empty() {
            found.push(format!(
                "{} {}: an exception without a reason",
                e.path, e.function
            ));
        }
        if !excess.iter().any(|m| named(e, m)) {
            let limit = e.limit;
            found.push(format!(
                "{} {}: exception to {limit:?} not needed",
                e.path, e.function
            ));
        }
    }
    found
}

fn measure(source: &Source) -> Vec<Measure> {
    let mut functions = Functions {
        source,
        found: Vec::new(),
    };
    functions.visit_file(&source.tree());
    let file = Measure {
        path: source.path.clone(),
        line: 1,
        function: String::new(),
        limit: Limit::FileLines,
        value: source.text.lines().count(),
    };
    functions.found.push(file);
    functions.found
}

struct Functions<'a> {
    source: &'a Source,
    found: Vec<Measure>,
}

impl Functions<'_> {
    fn add(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let mut depth = Depth::default();
        depth.visit_block(body);
        let values = [
            (Limit::FunctionLines, self.code_lines(body)),
            (Limit::Arguments, signature.inputs.len()),
            (Limit::Nesting, depth.deepest),
        ];
        self.found.extend(values.map(|(limit, value)| Measure {
            path: self.source.path.clone(),
            line: signature.span().start().line,
            function: signature.ident.to_string(),
            limit,
            value,
        }));
    }

    fn code_lines(&self, body: &syn::Block) -> usize {
        let (first, last) = (body.span().start().line, body.span().end().line);
        let inner = self
            .source
            .text
            .lines()
            .skip(first)
            .take((last - first).saturating_sub(1));
        inner
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("//"))
            .count()
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default {
            self.add(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[derive(Default)]
struct Depth {
    now: usize,
    deepest: usize,
}

impl Depth {
    fn inside(&mut self, go: impl FnOnce(&mut Self)) {
        self.now += 1;
        self.deepest = self.deepest.max(self.now);
        go(self);
        self.now -= 1;
    }
}

impl<'ast> Visit<'ast> for Depth {
    fn visit_expr(&mut self, e: &'ast syn::Expr) {
        use syn::Expr;
        match e {
            Expr::If(chain) => self.visit_expr_if(chain),
            Expr::Closure(c) if !matches!(*c.body, Expr::Block(_)) => visit::visit_expr(self, e),
            Expr::Match(_) | Expr::ForLoop(_) | Expr::While(_) | Expr::Loop(_) => {
                self.inside(|depth| visit::visit_expr(depth, e));
            }
            Expr::Closure(_) | Expr::Async(_) => self.inside(|depth| visit::visit_expr(depth, e)),
            _ => visit::visit_expr(self, e),
        }
    }

    fn visit_expr_if(&mut self, e: &'ast syn::ExprIf) {
        self.visit_expr(&e.cond);
        self.inside(|depth| depth.visit_block(&e.then_branch));
        match e.else_branch.as_ref().map(|(_, branch)| &**branch) {
            Some(syn::Expr::If(next)) => self.visit_expr_if(next),
            Some(branch) => self.inside(|depth| visit::visit_expr(depth, branch)),
            None => {}
        }
    }

    /// A function inside of a function is measured by itself.
    fn visit_item_fn(&mut self, _: &'ast syn::ItemFn) {}
}

fn found_in(text: &str) -> Vec<String> {
    violations(&measure(&Source::new("src/x.rs", text)), &[])
}

#[test]
fn a_long_function_is_found_and_blank_lines_and_comments_do_not_count() {
    let body = |lines: usize| format!("fn f() {{\n{}\n\n // why\n}}", "let _ = 1;\n".repeat(lines));
    assert_eq!(found_in(&body(60)), [""; 0]);
    assert_eq!(found_in(&body(61)), ["src/x.rs:1: f FunctionLines 61 > 60"]);
    let method = format!("struct S;\nimpl S {{\n{}\n}}", body(61));
    assert_eq!(found_in(&method), ["src/x.rs:3: f FunctionLines 61 > 60"]);
}

#[test]
fn a_long_file_is_found() {
    assert_eq!(found_in(&"\n".repeat(500)), [""; 0]);
    assert_eq!(
        found_in(&"\n".repeat(501)),
        ["src/x.rs:1:  FileLines 501 > 500"]
    );
}

#[test]
fn a_seventh_argument_is_found() {
    let six = "fn f(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8) {}";
    assert_eq!(found_in(six), [""; 0]);
    assert_eq!(
        found_in(&six.replace("(a", "(z: u8, a")),
        ["src/x.rs:1: f Arguments 7 > 6"]
    );
}

#[test]
fn deep_nesting_is_found_and_else_if_is_not_deeper() {
    let four = "fn f() { for _ in 0..1 { loop { match 1 { _ => if a {} else if b {} } } } }";
    assert_eq!(found_in(four), [""; 0]);
    let five = four.replace("if b {}", "if b { while c {} }");
    assert_eq!(found_in(&five), ["src/x.rs:1: f Nesting 5 > 4"]);
    assert_eq!(
        found_in("fn f() { g(|| h(|| i(|| j(|| k(|| 1))))) }"),
        [""; 0]
    );
}

#[test]
fn an_exception_covers_its_own_excess_only_and_fails_when_it_is_not_needed() {
    let exception = [Exception {
        path: "src/x.rs",
        function: "f",
        limit: Limit::Arguments,
        reason: "the protocol has seven",
    }];
    let seven = "fn f(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8) {}";
    let of = |text: &str| violations(&measure(&Source::new("src/x.rs", text)), &exception);
    assert_eq!(of(seven), [""; 0]);
    assert_eq!(
        of("fn f() {}"),
        ["src/x.rs f: exception to Arguments not needed"]
    );
    assert_eq!(of(&seven.replace("fn f", "fn g")).len(), 2);
}
