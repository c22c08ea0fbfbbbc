//! Tables of every make, and what they are held against.

use std::path::Path;

use ichflow_api::prelude::*;
use ichflow_api::testkit;
use proptest::prelude::*;

use super::{Agreement, Key, LabelFile, LabelTable, Matched, matched};

/// Two kinds of bleeding and their union.
fn set() -> LabelSet {
    let names = ["any", "epidural", "subdural"].map(str::to_owned).to_vec();
    LabelSet::new(names, Some("any"), vec![1.0; 3]).unwrap()
}

fn file(change: impl FnOnce(&mut LabelFile)) -> LabelFile {
    let mut file = LabelFile::new("dir/labels.csv", Key::Path);
    change(&mut file);
    file
}

fn parse(text: &str, change: impl FnOnce(&mut LabelFile)) -> Result<LabelTable> {
    LabelTable::parse(text.as_bytes(), &file(change), &set())
}

/// `name: any epidural subdural`, each 1, 0, a number or `-`.
fn shown(table: &LabelTable) -> Vec<String> {
    let row = |row: &super::LabelRow| {
        let values: Vec<String> = row
            .values
            .iter()
            .map(|value| value.map_or("-".into(), |v| v.to_string()))
            .collect();
        let slice = row.name.slice.map_or(String::new(), |slice| format!("#{slice}"));
        format!("{}{slice}: {}", row.name.key, values.join(" "))
    };
    table.rows.iter().map(row).collect()
}

fn error(result: Result<LabelTable>) -> String {
    let error = result.unwrap_err();
    match &error {
        Error::Failed { help: Some(help), .. } => format!("{error}\nhelp: {help}"),
        _ => error.to_string(),
    }
}

#[test]
fn three_forms_of_a_table_say_the_same() {
    let wide = parse("path,epidural,Sub-dural\na,1,0\nb,,0\nc,0,0\n", |_| {}).unwrap();
    assert_eq!(shown(&wide), ["a: 1 1 0", "b: - - 0", "c: 0 0 0"]);
    let long = parse(
        "file;finding;there\na;epidural;yes\nb;subdural;no\nc;subdural;0\na;subdural;no\nc;epidural;0\n",
        |file| {
            file.label_column = Some("finding".into());
            file.value_column = Some("there".into());
        },
    )
    .unwrap();
    assert_eq!(shown(&long), shown(&wide));
    let names = parse(
        "file,findings\na,epidural\nc,none\nd,\"subdural; epidural\"\ne,\nf,any\n",
        |file| {
            file.label_column = Some("findings".into());
        },
    )
    .unwrap();
    assert_eq!(
        shown(&names),
        ["a: 1 1 0", "c: 0 0 0", "d: 1 1 1", "e: - - -", "f: 1 - -"]
    );
}

#[test]
fn missing_is_not_negative_and_the_union_follows() {
    let table = parse(
        "path,any,epidural,subdural\na,NA,0,\nb,,0,1\nc,0,,\nd,1,0,0\n",
        |_| {},
    )
    .unwrap();
    assert_eq!(shown(&table), ["a: - 0 -", "b: 1 0 1", "c: 0 - -", "d: 1 0 0"]);
    assert_eq!(
        table.remarks,
        [
            "labels.csv: UTF-8, separated by `,`; 4 rows of 4 keys by path",
            "labels.csv: 1 key has a `any` that is not the union of the other labels; it was kept as it is",
        ]
    );
}

#[test]
fn columns_are_renamed_turned_round_and_put_together() {
    let text = "PatientID,No_Hemorrhage,left,right,Fracture\n007,1,0,0,1\n8,0,0,1,\n";
    let table = parse(text, |file| {
        file.key = Key::PatientId;
        file.rename = [
            ("No_Hemorrhage", "!any"),
            ("left", "subdural"),
            ("right", "subdural"),
            ("Fracture", ""),
        ]
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .into();
    })
    .unwrap();
    assert_eq!(shown(&table), ["007: 0 - 0", "8: 1 - 1"]);
    assert_eq!(
        table.remarks[1..],
        [
            "labels.csv: it says nothing of epidural, which stays missing",
            "labels.csv: columns that nothing is read from: Fracture",
        ]
    );
}

#[test]
fn readers_have_columns_or_rows_of_their_own() {
    let columns = "name,R1:ICH,R2:ICH,R3:ICH,R1:SDH,R2:SDH,R3:SDH\nx,1,1,0,0,,0\ny,0,1,,0,0,0\n";
    let readers = |file: &mut LabelFile| {
        file.readers = ["R1", "R2", "R3"].map(str::to_owned).to_vec();
        file.rename = [("ICH", "any"), ("SDH", "subdural")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .into();
    };
    let table = parse(columns, readers).unwrap();
    assert_eq!(shown(&table), ["x: 1 - 0", "y: - - 0"]);
    assert!(
        table
            .remarks
            .iter()
            .any(|remark| remark.contains("no majority on 1 label,")),
        "{:?}",
        table.remarks
    );
    let any = parse(columns, |file| {
        readers(file);
        file.agreement = Agreement::Any;
    });
    assert_eq!(shown(&any.unwrap()), ["x: 1 - 0", "y: 1 - 0"]);
    let rows = "name,who,any\nx,a,1\nx,b,0\nx,c,0\nx,d,0\n";
    let mean = |readers: &[&str]| {
        let readers = readers.iter().map(|reader| (*reader).to_owned()).collect();
        let table = parse(rows, |file| {
            file.reader_column = Some("who".into());
            file.readers = readers;
            file.agreement = Agreement::Mean;
        });
        shown(&table.unwrap())
    };
    assert_eq!(mean(&[]), ["x: 0.25 - -"]);
    assert_eq!(mean(&["a", "c"]), ["x: 0.5 - -"]);
}

#[test]
fn keys_are_put_together_of_columns() {
    let table = parse("PatientNumber,SliceNumber,any\n49,1,0\n49,2.0,1\n", |file| {
        file.key_column = Some("ct_scans/{PatientNumber:03}.nii".into());
        file.slice_column = Some("SliceNumber".into());
    });
    assert_eq!(
        shown(&table.unwrap()),
        ["ct_scans/049.nii#1: 0 - -", "ct_scans/049.nii#2: 1 - -"]
    );
}

#[test]
fn tables_of_spreadsheet_programs_are_read() {
    for (bytes, how) in [
        (
            &b"\xef\xbb\xbfPath;any\r\nSch\xc3\xa4del;1\r\n"[..],
            "UTF-8 with a byte-order mark, separated by `;`",
        ),
        (
            b"sep=\t\nPath\tany\nSch\xe4del\t1\n",
            "not UTF-8, read as Windows-1252, separated by tabs",
        ),
    ] {
        let table = LabelTable::parse(bytes, &file(|_| {}), &set()).unwrap();
        assert_eq!(shown(&table), ["Sch\u{e4}del: 1 - -"]);
        assert!(table.remarks[0].contains(how), "{:?}", table.remarks);
    }
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let said = error(parse("path,any\na,maybe\nb,1\nc,2\nd,1,5\n", |_| {}));
    assert_eq!(
        said,
        "dir/labels.csv: 3 rows that cannot be read: line 2: `maybe` is no value of a label, line 4: `2` is no value of \
         a label, line 5: 3 cells where there are 2 columns\nhelp: `positive`, `negative` and `missing` say what other \
         words mean, `rename` what other labels do"
    );
    let said = error(parse("path,any\na,0.3\n", |_| {}));
    assert!(
        said.ends_with("help: probabilities are read with `soft = true`"),
        "{said}"
    );
    let said = error(parse("path,any\na,1\na,0\n", |_| {}));
    assert!(
        said.starts_with("dir/labels.csv contradicts itself: lines 2 and 3 (any)\nhelp:"),
        "{said}"
    );
    let said = error(parse("Patient,ICH\na,1\n", |_| {}));
    assert_eq!(
        said,
        "dir/labels.csv has no column that is called like the key, path; it has Patient, ICH\nhelp: name it with \
         `key_column`"
    );
    let said = error(parse("path,ICH\na,1\n", |_| {}));
    assert!(
        said.starts_with("dir/labels.csv has no column that is called like a label; it has path, ICH"),
        "{said}"
    );
    let said = error(parse("path,ICH\na,1\n", |file| {
        file.rename.insert("ICH".into(), "bleed".into());
    }));
    assert!(
        said.contains("`rename` has `ICH` stand for `bleed`, which is no label"),
        "{said}"
    );
    let said = error(parse("", |_| {}));
    assert!(said.starts_with("dir/labels.csv is empty"), "{said}");
    let said = error(parse("path,any\na,1\n", |file| file.readers = vec!["R1".into()]));
    assert!(
        said.contains("no column of a label by the reader `R1`, as `{reader}:{label}`"),
        "{said}"
    );
}

#[test]
fn rows_that_repeat_or_have_no_key_are_counted() {
    let table = parse("path,any\na,1\n,0\na,1\n\n,,\n", |_| {}).unwrap();
    assert_eq!(table.keyless, [3]);
    assert_eq!(
        table.remarks[..3],
        [
            "labels.csv: UTF-8, separated by `,`; 3 rows of 1 key by path",
            "labels.csv: it says nothing of epidural, subdural, which stays missing",
            "labels.csv: 1 row repeats what earlier ones say and had no effect",
        ]
    );
}

/// Two patients, each with a study of a series of two slices.
fn slices() -> Vec<Slice> {
    let slice = |(patient, number): (&str, i32)| {
        let id = format!("{patient}{number}");
        let mut slice = testkit::slice(&id, patient, None);
        slice.file = Path::new("/data").join(patient).join(format!("{number}.dcm"));
        slice.instance = format!("1.2.{id}");
        slice.accession = format!("acc {patient}");
        slice
    };
    [("p", 1), ("p", 2), ("q", 1), ("q", 2)].map(slice).into()
}

fn held(tables: &[LabelTable]) -> Result<Matched> {
    matched(tables, &slices(), Path::new("/data"), &set())
}

/// `any` of each slice.
fn any(matched: &Matched) -> Vec<Option<f32>> {
    let any = |labels: &Option<Labels>| labels.as_ref()?.value(0);
    matched.labels.iter().map(any).collect()
}

#[test]
fn a_key_says_what_labels_are_about() {
    let [yes, no, none] = [Some(1.0), Some(0.0), None];
    for (key, rows, expected, level) in [
        (Key::Path, "p/1,1\nq/2.dcm,0", [yes, none, none, no], Level::Slice),
        (Key::Path, "p,1\nq,0", [yes, yes, no, no], Level::Study),
        (
            Key::SopInstanceUid,
            "1.2.p2,1\n1.2.q1,0",
            [none, yes, no, none],
            Level::Slice,
        ),
        (
            Key::SeriesInstanceUid,
            "series of q,1",
            [none, none, yes, yes],
            Level::Series,
        ),
        (
            Key::StudyInstanceUid,
            "study of p,0",
            [no, no, none, none],
            Level::Study,
        ),
        (
            Key::AccessionNumber,
            "acc q,1",
            [none, none, yes, yes],
            Level::Study,
        ),
        (Key::PatientId, "p,1\nq,0", [yes, yes, no, no], Level::Patient),
    ] {
        let text = format!("the key,any\n{rows}\n");
        let table = parse(&text, |file| {
            file.key = key;
            file.key_column = Some("the key".into());
        });
        let found = held(&[table.unwrap()]).unwrap();
        assert_eq!(any(&found), expected, "{key}: {rows}");
        assert_eq!(found.level, level, "{key}");
        let without = expected.iter().filter(|value| value.is_none()).count();
        assert_eq!((found.rows.len(), found.slices.len()), (0, without));
    }
}

#[test]
fn what_finds_no_partner_is_listed_and_told_without_keys() {
    let table = parse(
        "patient,any\np,1\nNobody,0\nElse,0\nq,\n1.28403E+17,0\n",
        |file| {
            file.key = Key::PatientId;
        },
    );
    let found = held(&[table.unwrap()]).unwrap();
    assert_eq!(found.rows_matched, [2]);
    assert_eq!(
        found.remarks,
        [
            "labels.csv: 1 row has no image: no PatientID is like it: a spreadsheet program has rounded it (line 6)",
            "labels.csv: 2 rows have no image: no slice that can be used has that PatientID (lines 3, 4)",
            "2 slices have no label and are left out: all labels of its row are missing (q1, q2)",
        ]
    );
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("list.csv");
    super::unmatched::write(&path, &found.rows, &found.slices, &slices()).unwrap();
    let list = std::fs::read_to_string(path).unwrap();
    assert_eq!(
        list,
        "side,file,line,name,reason\n\
         label,labels.csv,3,Nobody,no slice that can be used has that PatientID\n\
         label,labels.csv,4,Else,no slice that can be used has that PatientID\n\
         label,labels.csv,6,1.28403E+17,no PatientID is like it: a spreadsheet program has rounded it\n\
         image,/data/q/1.dcm,,q1,all labels of its row are missing\n\
         image,/data/q/2.dcm,,q2,all labels of its row are missing\n"
    );
}

#[test]
fn tables_fill_in_each_other_and_corrections_have_the_last_word() {
    let of = |text: &str, corrects| parse(text, |file| file.corrects = corrects).unwrap();
    let first = of("path,any\np/1,1\np/2,0\n", false);
    let second = of("path,subdural\np/1,1\nq/1,0\n", false);
    let correction = of("path,any\np/2,1\nq,0\n", true);
    let found = held(&[correction.clone(), first.clone(), second]).unwrap();
    assert_eq!(any(&found), [Some(1.0), Some(1.0), Some(0.0), Some(0.0)]);
    assert!(
        found
            .remarks
            .contains(&"labels.csv: it corrects the labels of 3 slices".to_owned()),
        "{:?}",
        found.remarks
    );
    let other = of("path,any\np/1,0\n", false);
    let said = held(&[first.clone(), other]).unwrap_err().to_string();
    assert_eq!(
        said,
        "tables of labels contradict each other: labels.csv line 2 and labels.csv line 2 (any)"
    );
    let coarse = of("path,any\nq,0\n", false);
    let said = held(&[first, coarse.clone()]).unwrap_err().to_string();
    assert_eq!(
        said,
        "labels of labels.csv are of a slice, those of labels.csv of a study"
    );
    let fine = of("path,any\nq/1,1\n", true);
    let said = held(&[coarse, fine]).unwrap_err().to_string();
    assert_eq!(
        said,
        "labels.csv corrects labels of a slice, and labels are of a study"
    );
}

/// Cells of a table: what a person may write.
#[test]
fn named_columns_stay_with_the_slices_and_need_no_labels() {
    let labels = parse("path,any\np/1,1\np/2,0\nq/1,0\nq/2,0\n", |_| {}).unwrap();
    let about = |text: &str| {
        parse(text, |file| {
            file.key = Key::PatientId;
            file.key_column = Some("who".into());
            file.keep = vec!["site".into(), " ward ".into()];
        })
    };
    let kept = about("who,site,ward,note\np,north,,secret\nq,south,W2,secret\np,north,W1,\n").unwrap();
    assert!(!kept.has_labels);
    assert!(
        kept.remarks
            .iter()
            .all(|remark| !remark.contains("says nothing of")),
        "{:?}",
        kept.remarks
    );
    let matched = held(&[labels, kept]).unwrap();
    assert_eq!(matched.level, Level::Slice);
    let texts: Vec<String> = matched
        .columns
        .iter()
        .map(|columns| format!("{columns:?}"))
        .collect();
    assert!(
        texts.contains(&r#"{"site": "north", "ward": "W1"}"#.to_owned()),
        "{texts:?}"
    );
    assert!(texts.iter().all(|text| !text.contains("secret")), "{texts:?}");
    let twice = about("who,site,ward\np,north,\np,south,\n");
    assert!(error(twice).contains("lines 2 and 3 (site)"));
    assert!(error(about("who,ward\np,W1\n")).contains("has no column `site`, which `keep` names"));
}

fn cells() -> impl Strategy<Value = Vec<Vec<Option<bool>>>> {
    prop::collection::vec(prop::collection::vec(prop::option::of(prop::bool::ANY), 2), 1..8)
}

proptest! {
    /// Delimiter, quotes, line ends, byte-order mark and words are a matter of taste.
    #[test]
    fn how_a_table_is_written_changes_nothing(
        cells in cells(), separator in 0..4_usize, quoted in prop::bool::ANY, windows in prop::bool::ANY, words in 0..3_usize,
    ) {
        let write = |separator: &str, quoted: bool, end: &str, words: [&str; 3]| {
            let mut text = format!("file{separator}epidural{separator}subdural{end}");
            for (row, values) in cells.iter().enumerate() {
                let mut line = vec![format!("f {row}")];
                line.extend(values.iter().map(|value| words[match value {
                    Some(false) => 0,
                    Some(true) => 1,
                    None => 2,
                }].to_owned()));
                if quoted {
                    line = line.into_iter().map(|cell| format!("\"{cell}\"")).collect();
                }
                text += &line.join(separator);
                text += end;
            }
            text
        };
        let plain = parse(&write(",", false, "\n", ["0", "1", ""]), |_| {}).unwrap();
        let words = [["0", "1", ""], ["no", "YES", "n/a"], ["False", "True", "?"]][words];
        let mut text = write([",", ";", "\t", "|"][separator], quoted, if windows { "\r\n" } else { "\n" }, words);
        if windows {
            text.insert(0, '\u{feff}');
        }
        prop_assert_eq!(parse(&text, |_| {}).unwrap().rows, plain.rows);
    }

    /// A long table says what the wide one says, in whatever order its rows come.
    #[test]
    fn long_and_wide_tables_agree(cells in cells(), turned in prop::bool::ANY) {
        let mut wide = "file,epidural,subdural\n".to_owned();
        let mut long = Vec::new();
        for (row, values) in cells.iter().enumerate() {
            let text = |value: &Option<bool>| value.map_or("", |value| if value { "1" } else { "0" });
            wide += &format!("{row},{},{}\n", text(&values[0]), text(&values[1]));
            for (label, value) in ["epidural", "subdural"].iter().zip(values) {
                long.push(format!("{row},{label},{}\n", text(value)));
            }
        }
        if turned {
            long.reverse();
        }
        let mut wide = parse(&wide, |_| {}).unwrap().rows;
        let text = format!("file,label,value\n{}", long.concat());
        let long = parse(&text, |file| {
            file.label_column = Some("label".into());
            file.value_column = Some("value".into());
        });
        let mut long = long.unwrap().rows;
        for rows in [&mut wide, &mut long] {
            rows.sort_by(|a, b| a.name.key.cmp(&b.name.key));
            rows.iter_mut().for_each(|row| row.line = 0);
        }
        prop_assert_eq!(long, wide);
    }

    /// Whatever stands in a file, reading it ends with a table or an error.
    #[test]
    fn no_bytes_end_the_program(bytes in prop::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let _ = LabelTable::parse(&bytes[..], &file(|_| {}), &set());
        let text = [b"path,any\n", &bytes[..]].concat();
        let _ = LabelTable::parse(&text[..], &file(|_| {}), &set());
    }
}

/// The size of CQ500's reads: 14 labels by 3 readers of 500 exams, 21,000 cells. How long it takes is printed and no test.
#[test]
fn a_large_table_of_readers_is_read_and_matched() {
    let labels: Vec<String> = (0..14).map(|label| format!("label {label}")).collect();
    let set = LabelSet::new(labels.clone(), None, vec![1.0; 14]).unwrap();
    let mut text = "name".to_owned();
    for reader in ["R1", "R2", "R3"] {
        text.extend(labels.iter().map(|label| format!(",{reader}:{label}")));
    }
    text.push('\n');
    let exams: Vec<String> = (0..500).map(|exam| format!("CQ500-CT-{exam}")).collect();
    for (number, exam) in exams.iter().enumerate() {
        text += exam;
        text.extend((0..42).map(|cell| {
            if (number * 31 + cell * 17) % 5 == 0 {
                ",1"
            } else {
                ",0"
            }
        }));
        text.push('\n');
    }
    let file = file(|file| {
        file.key = Key::AccessionNumber;
        file.key_column = Some("name".into());
        file.readers = ["R1", "R2", "R3"].map(str::to_owned).to_vec();
    });
    // Some 30 slices an exam.
    let slice = |number: usize| {
        let mut slice = testkit::slice(&number.to_string(), "p", None);
        slice.accession = exams[number % exams.len()].clone();
        slice
    };
    let slices: Vec<Slice> = (0..15_000).map(slice).collect();
    let begin = std::time::Instant::now();
    let table = LabelTable::parse(text.as_bytes(), &file, &set).unwrap();
    let read = begin.elapsed();
    let found = matched(&[table], &slices, Path::new("/data"), &set).unwrap();
    println!(
        "14 labels, 3 readers, 500 exams: read in {read:?}, matched with 15,000 slices in {:?}",
        begin.elapsed() - read
    );
    assert_eq!(found.rows_matched, [500]);
    assert!(
        found
            .labels
            .iter()
            .flatten()
            .all(|labels| labels.iter().all(|value| value.is_some()))
    );
    assert_eq!(found.labels.iter().flatten().count(), slices.len());
}

#[test]
fn parameters_that_contradict_each_other_are_told() {
    let said = |change: fn(&mut LabelFile)| -> Vec<String> {
        let problems = file(change).check("labels[0]");
        let line = |problem: Problem| format!("{}: {}", problem.key, problem.message);
        problems.into_iter().map(line).collect()
    };
    assert_eq!(said(|_| {}), Vec::<String>::new());
    assert_eq!(
        said(|file| {
            file.key = Key::PatientId;
            file.level = Some(Level::Slice);
        }),
        ["labels[0].level: a PatientID names a patient, not a slice"]
    );
    assert_eq!(
        said(|file| file.value_column = Some("v".into())),
        ["labels[0].value_column: the column of values is there without the column of labels"]
    );
    assert_eq!(
        said(|file| {
            file.readers = vec!["R1".into(), "R1".into()];
            file.reader_columns = "R1:ICH".into();
        }),
        [
            "labels[0].reader_columns: `R1:ICH` has no {reader} or no {label} in it",
            "labels[0].readers: the reader `R1` is there twice",
        ]
    );
    assert_eq!(
        said(|file| file.key_column = Some("a{b".into())),
        ["labels[0].key_column: `a{b` has a brace without its partner"]
    );
}
