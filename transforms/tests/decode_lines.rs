//! Lines that aren't rows: too short, broken, cut off, quoted by a spreadsheet, headers once more.

use sellerlake_schemas::Source;
use sellerlake_transforms::decode::Outcome;

use crate::decode_text::{ORDERS, RETURNS, declare, decoded, orders, reject_lines, some, with_columns};

#[test]
fn rows_have_the_cells_of_the_header() {
    let text = "order-id\tupdated\ttitle\tprice\t\t\n\
                O1\t2026-03-01\n\
                O2\t2026-03-01\ta\t1\t\t\t\t\n\
                O3\t2026-03-01\ta\t1\t\t\tsurplus\n\
                O4\t2026-03-01\ta\t1\tvalue under no name\t\n\
                O5\t2026-03-01\ta\t1\t\n\
                O6\t2026-03-01\ta\t1\t\t\n";
    let found = decoded(&orders(), text);
    assert_eq!(found.full("_unit"), ["O6"]);
    assert_eq!(reject_lines(&found.outcome), [(2, None), (3, None), (4, None), (5, None), (6, None)]);
    assert_eq!(found.outcome.rejects[0].reason, "has 2 cells, the header 6");
    assert_eq!(found.outcome.rejects[1].reason, "has 8 cells, the header 6");
    assert_eq!(found.outcome.rejects[2].reason, "has 7 cells, the header 6");
    assert!(found.outcome.rejects[3].reason.contains("without a name"));
    assert_eq!(found.outcome.held_back.iter().collect::<Vec<_>>(), ["O1", "O2", "O3", "O4", "O5"]);
    // Spare cells that nearly every row has.
    let rows = "O1\t2026-03-01\t\t\nO2\t2026-03-01\t\t\nO3\t2026-03-01\t\n";
    let found = decoded(&orders(), format!("order-id\tupdated\n{rows}"));
    assert_eq!(found.full("_unit"), ["O1", "O2"]);
    // Cells that no row has are under no name.
    let found = decoded(&orders(), "order-id\tupdated\ttitle\t\t\nO1\t2026-03-01\ta\nO2\t2026-03-01\tb\n");
    assert_eq!((found.outcome.rows, found.outcome.rejected), (2, 0));
}

/// Orders with a title and a note, either of which may hold line ends, and a code between them, which may not.
fn notes() -> Source {
    let columns = "title = { type = \"text\", line_ends = true, doc = \"Title.\" }\ncode = { type = \"text\", doc = \"Code.\" }\n\
                   note = { type = \"text\", pii = true, line_ends = true, doc = \"Note.\" }\n";
    declare(&ORDERS.replace("title = { type = \"text\", doc = \"Title.\", null = [\"N/A\"] }\n", columns))
}

#[test]
fn pieces_that_add_up_in_one_way_are_one_row() {
    let row = |id: &str, rest: &str| format!("{id}\t2026-03-01\t{rest}\n");
    let read = |text: String| {
        let found = decoded(&notes(), format!("order-id\tupdated\ttitle\tcode\tprice\n{text}"));
        (found.column("title"), found.outcome)
    };
    let (titles, outcome) = read(row("O1", "one\ntwo\n\nthree\tC\t1") + &row("O2", "b\tC\t2"));
    assert_eq!(titles, some(&["one\ntwo\n\nthree", "b"]));
    assert_eq!((outcome.joined, outcome.rejected), (1, 0));
    let (titles, outcome) = read(row("O1", "a\tco\nde\t1") + &row("O2", "b\tC\t2"));
    assert_eq!(titles, some(&["b"]), "a code has no line ends");
    assert_eq!(reject_lines(&outcome), [(2, None), (3, None)]);
    assert_eq!(outcome.held_back.iter().collect::<Vec<_>>(), ["O1"], "its rest says nothing of another order");
    let (titles, outcome) = read(row("O1", "a") + &row("O2", "b\tC\t2"));
    assert_eq!((titles, outcome.rejected), (some(&["b"]), 1));
    // Two orders that lost cells, which add up to one that never was.
    let (titles, outcome) = read(row("O1", "a") + "O2\t2026-03-01\t3\n" + &row("O3", "b\tC\t2"));
    assert_eq!(titles, some(&["b"]));
    assert_eq!(outcome.held_back.iter().collect::<Vec<_>>(), ["O1", "O2"]);
}

#[test]
fn what_follows_on_a_row_is_the_end_of_its_last_cell_or_damage() {
    let source = declare(
        &RETURNS
            .replace("csv", "tsv")
            .replace("note = { type = \"text\",", "note = { type = \"text\", pii = true, line_ends = true,"),
    );
    let found =
        decoded(&source, "day\tquantity\tnote\n2026-03-01\t1\tfine\n\nbut late\n2026-03-02\t2\tx\nand\nso on\n");
    assert_eq!((found.outcome.rows, found.outcome.rejected, found.outcome.joined), (2, 0, 2));
    // A day, cut in two: neither half is the end of a note.
    let found = decoded(&source, "day\tquantity\tnote\n2026-03-01\t1\tfine\n2026-0\n3-02\t2\tx\n");
    assert_eq!(found.outcome.rejected, 2);
    // Where the end of the cell would be missed, the row's order is held back.
    let text = "order-id\tupdated\tcode\ttitle\nO1\t2026-03-01\tC\ta\nmore\n";
    let found = decoded(&notes(), text).outcome;
    assert_eq!((reject_lines(&found), found.held_back.contains("O1")), (vec![(3, None)], true));
}

#[test]
fn a_file_that_ends_within_a_line_was_cut_off() {
    let text = with_columns("title\tprice", &["a\t1.50", "b\t2.50", "c\t3.50"]);
    let cut = |by: usize| decoded(&orders(), &text[..text.len() - by]).outcome;
    assert_eq!((cut(1).rows, cut(1).rejected, cut(1).cut_off), (3, 0, None), "as many decimals as the others");
    for by in 2..=5 {
        let outcome = cut(by);
        assert_eq!((outcome.rows, outcome.rejected, outcome.cut_off), (2, 1, None), "{by}");
        assert_eq!(outcome.held_back.iter().collect::<Vec<_>>(), ["O3"], "{by}");
    }
    let outcome = cut(6);
    assert_eq!((outcome.rows, outcome.rejected, outcome.cut_off), (2, 1, Some(4)));
    assert_eq!(outcome.held_back.iter().collect::<Vec<_>>(), ["O2", "O3"], "more of the order before may be lost");
    let returns = declare(RETURNS);
    let outcome = decoded(&returns, "day,quantity,note\n2026-03-01,1,a\n2026-03-0").outcome;
    assert!(outcome.refused.unwrap().contains("middle of line 3"));
    assert_eq!(decoded(&returns, "day,quantity,note\n2026-03-01,1,a\n2026-03-02,2,").outcome.rejected, 0);
    let outcome = decoded(&returns, "day,note,quantity\n2026-03-01,a,15\n2026-03-02,a,1").outcome;
    assert_eq!((outcome.rejected, outcome.incomplete.len(), outcome.empty.len()), (1, 3, 0), "later days may be lost");
    assert_eq!(decoded(&returns, "day,note,quantity\n2026-03-01,a,15\n2026-03-02,a,0").outcome.rejected, 0);
}

#[test]
fn a_file_may_leave_out_empty_last_cells_and_says_so() {
    let text = with_columns("title\tprice\tquantity", &["a", "b\t1", "c\t2\t3", "d"]);
    let found = decoded(&orders(), &text);
    assert_eq!(found.full("_unit"), ["O1", "O2", "O3", "O4"]);
    assert_eq!((found.outcome.padded, found.outcome.rejected), (3, 0));
    // One row with all its cells, the last of them empty: the others lost theirs.
    let found = decoded(&orders(), text + "O5\t2026-03-01\te\t1\t\n");
    assert_eq!((found.outcome.padded, found.outcome.rejected), (0, 3));
}

#[test]
fn a_column_that_stands_twice_says_one_thing() {
    let text =
        with_columns("quantity\tQuantity\tcolour\tcolour", &["1\t1\tred\t", "\t2\t\tblue", "3\t4\t\t", "5\t\ta\tb"]);
    let found = decoded(&orders(), text);
    assert_eq!(found.column("quantity"), some(&["1", "2", "5"]));
    assert_eq!(
        found.column("_extra"),
        some(&[r#"{"colour":"red"}"#, r#"{"colour (2)":"blue"}"#, r#"{"colour":"a","colour (2)":"b"}"#])
    );
    assert_eq!(reject_lines(&found.outcome), [(4, Some("quantity"))]);
}

#[test]
fn a_header_among_the_rows_is_no_row() {
    let (header, rows) = ("order-id\tupdated\ttitle\n", |titles: &[&str]| with_columns("title", titles));
    let other = format!("{header}O3\t2026-03-01\ta\nO4\t2026-03-01\ta\n");
    let counts = |text: String| {
        let Outcome { rows, rejected, repeated, .. } = decoded(&orders(), text).outcome;
        (rows, rejected, repeated)
    };
    assert_eq!(counts(rows(&["a", "b"]) + &other), (4, 0, 1));
    // Another file's header, behind the mark that began it.
    assert_eq!(counts(rows(&["a", "b"]) + "\u{feff}" + &other), (4, 0, 1));
}

#[test]
fn what_was_put_together_with_itself_counts_once() {
    let header = "order-id\tupdated\ttitle\n";
    let (one, two, three) = ("O1\t2026-03-01\ta\n", "O2\t2026-03-01\ta\n", "O3\t2026-03-01\ta\n");
    let read = |parts: &[&[&str]]| {
        let parts = parts.iter().map(|rows| format!("{header}{}", rows.concat()));
        let found = decoded(&orders(), parts.collect::<String>());
        (found.full("_unit").join(" "), found.outcome)
    };
    for again in [&[one, two][..], &[two, one], &[two]] {
        let (units, outcome) = read(&[&[one, two], again]);
        assert_eq!((units.as_str(), outcome.rejected), ("O1 O2", 0));
        assert_eq!(outcome.repeated, 1 + again.len() as u64);
    }
    // Twins within a file are two, also where that file comes twice.
    assert_eq!(read(&[&[one, one, two], &[one, one, two], &[three]]).0, "O1 O1 O2 O3");
    // In part the same: whether the row stands for two, nothing tells.
    let (units, outcome) = read(&[&[one, two], &[two, three]]);
    assert_eq!((units.as_str(), reject_lines(&outcome)), ("O1 O2 O3", vec![(5, None)]));
    assert_eq!(outcome.held_back.iter().collect::<Vec<_>>(), ["O2"]);
    // The row before a header may have lost its line end, and shares its line.
    let text = format!("{header}{one}O2\t2026-03-01\ta{header}{one}O2\t2026-03-01\ta");
    let found = decoded(&orders(), text);
    assert_eq!((found.full("_unit").join(" "), reject_lines(&found.outcome)), ("O1".into(), vec![(3, None)]));
}

#[test]
fn rows_that_tell_themselves_apart_count_once() {
    let source = declare(&ORDERS.replace("[columns]", "identity = [\"order_id\", \"title\"]\n[columns]"));
    let text = with_columns("title\tprice", &["a\t1", "b\t1"])
        + "O1\t2026-03-01T10:00:00Z\ta\t1\nO2\t2026-03-01T10:00:00Z\tb\t2\n";
    let found = decoded(&source, text + "O3\t2026-03-01\t\t1\nO3\t2026-03-01\t\t1\n");
    assert_eq!(found.full("_unit"), ["O1", "O2", "O3", "O3"], "without a title, these have no identity");
    assert_eq!((found.outcome.rows, found.outcome.repeated), (4, 1));
    assert_eq!(reject_lines(&found.outcome), [(5, None)]);
    assert_eq!(found.outcome.held_back.iter().collect::<Vec<_>>(), ["O2"]);
}

#[test]
fn quotes_quote_where_a_spreadsheet_saved_the_file() {
    let titles = |titles: &[&str]| decoded(&orders(), with_columns("title\tprice", titles)).column("title");
    // Quotes doubled, line ends and tabs within: nobody writes these but to quote.
    assert_eq!(titles(&["\"5\"\" x 3\"\"\"\t1", "plain, bare\t2"]), some(&["5\" x 3\"", "plain, bare"]));
    assert_eq!(titles(&["\"two\nlines\"\t1", "plain\t2"]), some(&["two\nlines", "plain"]));
    // Every comma quoted, or every semicolon.
    assert_eq!(titles(&["\"red, blue\"\t\"1,234.50\"", "plain\t2"]), some(&["red, blue", "plain"]));
    assert_eq!(titles(&["\"red; blue\"\t1", "a, b\t2"]), some(&["red; blue", "a, b"]));
    // One cell that a spreadsheet wouldn't have written so, and quotes are data.
    let data =
        [["\"red, blue\"", "a, b"], ["\"red, blue\"", "24\" wide"], ["\"needless\"", "x"], ["\"half\" and", "y"]];
    for [one, other] in data {
        assert_eq!(titles(&[&format!("{one}\t1"), &format!("{other}\t2")]), some(&[one, other]));
    }
    // Two titles that begin or end with a quote, and all the cells between them.
    let apart = ["\"Best kite\t1", "plain\t2", "so called\"\t3"];
    assert_eq!(titles(&apart), some(&["\"Best kite", "plain", "so called\""]));
    let apart = ["\"Best kite\t1", "plain\t2", "\"\t3"];
    assert_eq!(titles(&apart), some(&["\"Best kite", "plain", "\""]));
}

#[test]
fn a_few_broken_bytes_leave_the_charset_as_it_is() {
    let text = with_columns("title", &["caf\u{e9}", "na\u{ef}ve", "\u{e9}t\u{e9}"]);
    let at = text.find('\u{ef}').unwrap() + 1;
    let mut bytes = text.into_bytes();
    bytes.remove(at);
    let found = decoded(&orders(), bytes);
    assert_eq!(found.full("title"), ["caf\u{e9}", "\u{e9}t\u{e9}"]);
    assert_eq!((found.outcome.charset.as_str(), reject_lines(&found.outcome)), ("utf-8", vec![(3, None)]));
}

#[test]
fn a_row_that_lost_a_cell_and_was_filled_up_is_told() {
    let columns = "[columns]\nasin = { type = \"text\", shape = \"asin\", doc = \"Product.\" }\n\
                   spend = { type = \"decimal(18,4)\", doc = \"Cost.\" }\nclicks = { type = \"int\", doc = \"Clicks.\" }\n\
                   cpc = { type = \"decimal(18,4)\", doc = \"Cost per click.\" }\nunits = { type = \"int\", doc = \"Units.\" }\n";
    let rules = "filled = [\"clicks\"]\ntogether = [[\"price\", \"units\"]]\n\
                 quotients = [{ value = \"cpc\", of = \"spend\", by = \"clicks\" }]\n";
    let source = declare(&ORDERS.replace("[columns]", &format!("{rules}{columns}")));
    let read = |row: &str| {
        let found = decoded(&source, with_columns("asin\tspend\tclicks\tcpc\tprice\tunits", &[row]));
        found.outcome.rejects.first().map(|reject| format!("{}: {}", reject.column.as_deref().unwrap(), reject.reason))
    };
    for whole in
        ["B0FIXTURE1\t17.92\t28\t0.64\t20.00\t2", "\t\t0\t\t\t", "B0FIXTURE1\t1.00\t3\t0.33\t\t", "\t0\t0\t0\t1\t1"]
    {
        assert_eq!(read(whole), None, "{whole}");
    }
    assert_eq!(read("17.92\t28\t1\t20.00\t2\t").unwrap(), "asin: is not an ASIN");
    assert_eq!(read("B0FIXTURE1\t28\t64\t20.00\t\t").unwrap(), "cpc: is not spend by clicks: has the row lost a cell?");
    assert_eq!(
        read("B0FIXTURE1\t17.92\t28\t0.64\t2\t").unwrap(),
        "units: is empty beside others that aren't: has the row lost a cell?"
    );
    assert_eq!(read("B0FIXTURE1\t17.92\t\t0.64\t\t").unwrap(), "clicks: is never empty: has the row lost a cell?");
    // Made by hand, perhaps, but nothing has moved.
    for odd in ["A\t10.00\t1\t1.00\t20.00\t2", "B0FIXTURE1\t17.92\t\t0.64\t2\t2", "B0FIXTURE1\t17.92\t28\t0.64\t\t2"] {
        assert_eq!(read(odd), None, "{odd}");
    }
    assert_eq!(
        read("B0FIXTURE1\t17.92\t2%\t0.64\t2\t2").unwrap(),
        "clicks: is a percentage or an amount of money, where a number should be"
    );
}
