//! What is found, and what is left alone.

use super::*;

fn kinds(text: &str) -> Vec<HitKind> {
    find(text, &Desks::default()).into_iter().map(|hit| hit.kind).collect()
}

#[test]
fn what_is_a_persons_is_found() {
    use HitKind::*;
    let cases: &[(&str, HitKind)] = &[
        ("write to maria.silva@example.org today", Email),
        ("maria (at) example (dot) org", Email),
        ("maria at example dot org", Email),
        ("maria arroba example ponto com", Email),
        ("maria\u{200B}@exa\u{200D}mple.org", Email),
        ("ｍａｒｉａ＠ｅｘａｍｐｌｅ．ｏｒｇ", Email),
        ("mаriа@example.org (Cyrillic a)", Email),
        ("ligue +55 51 99988-7766", Phone),
        ("(51) 99988-7766", Phone),
        ("(51)3333-4444", Phone),
        ("51 99988 7766", Phone),
        ("51999887766", Phone),
        ("whatsapp 5551999887766", Phone),
        ("https://wa.me/5551999887766", Phone),
        ("Falar com João, 99988-7766", Phone),
        ("casa 12, 3333-4444", Phone),
        ("٥١ ٩٩٩٨٨-٧٧٦٦", Phone),
        ("+44 20 7946 0958", Phone),
        ("020 7946 0958", Phone),
        ("06 12 34 56 78", Phone),
        ("(212) 555-0187", Phone),
        ("212-555-0187", Phone),
        ("tel. 555 0187", Phone),
        ("+49 (0)30 1234567", Phone),
        ("nove nove nove oito oito sete sete seis seis", Phone),
        ("five five five oh one eight seven", Phone),
        ("5 1 9 9 8 7 6 5 4 3 2 1", Phone),
        ("5, 1, 9, 9, 8, 7, 6, 5, 4, 3, 2", Phone),
        ("5.1.9.9", IpAddress),
        ("5.1.9.9.8.8.7.7.6.6.5", Phone),
        ("5\u{200D}1\u{200B} 9\u{2060}9\u{0332}9\u{E0020}8 8 7 7 6 6", Phone),
        ("51_99988_7766", Phone),
        ("51/99988/7766", Phone),
        ("51 9.9988 7766Maria", Phone),
        ("5·1·9·9·9·8·8·7·7·6·6", Phone),
        ("51 9 99-88 77*66", Phone),
        ("55|51|9|9988|7766", Phone),
        ("+55_51_99988_7766", Phone),
        ("+49·30·1234567", Phone),
        ("tel. 555*0187", Phone),
        ("５１ ９９９８８ ７７６６", Phone),
        ("⑤①⑨⑨⑨⑧⑧⑦⑦⑥⑥", Phone),
        ("❺❶❾❾❾❽❽❼❼❻❻", Phone),
        ("៥១៩៩៩៨៨៧៧៦៦", Phone),
        ("5️⃣1️⃣9️⃣9️⃣9️⃣8️⃣8️⃣7️⃣7️⃣6️⃣6️⃣", Phone),
        ("conta DE89 3704 0044 0532 0130 00", BankAccount),
        ("GB29NWBK60161331926819", BankAccount),
        ("cartão 4111 1111 1111 1111", PaymentCard),
        ("4111-1111-1111-1111", PaymentCard),
        ("5500000000000004", PaymentCard),
        ("amex 3782 822463 10005", PaymentCard),
        ("CPF 529.982.247-25", NationalId),
        ("52998224725", NationalId),
        ("529982247-25", NationalId),
        ("SSN 536-90-4399", NationalId),
        ("carro ABC1D23 parado", Plate),
        ("carro abc1d23 parado", Plate),
        ("placa ABC-1234", Plate),
        ("ABC1234", Plate),
        ("placa: xyz12ab", Plate),
        ("placa XYZ 12AB", Plate),
        ("AB12 CDE", Plate),
        ("AB-123-CD", Plate),
        ("IMEI 490154203237518", Device),
        ("00:1B:44:11:3A:B7", MacAddress),
        ("00-1b-44-11-3a-b7", MacAddress),
        ("001b.4411.3ab7", MacAddress),
        ("from 192.168.10.42.", IpAddress),
        ("2001:db8::8a2e:370:7334", IpAddress),
        ("seen at -30.02703, -51.23163", Coordinates),
        ("30,027031° S, 51,231622° W", Coordinates),
        ("geo:-30.03,-51.23", Coordinates),
    ];
    all_found(cases);
}

#[test]
fn what_is_written_otherwise_is_found() {
    use HitKind::*;
    let cases: &[(&str, HitKind)] = &[
        ("⁵¹ ⁹⁹⁹⁸⁸ ⁷⁷⁶⁶", Phone),
        ("²¹ ⁹³³²²-³³²²", Phone),
        ("₅₁ ₉₉₉₈₈ ₇₇₆₆", Phone),
        ("㉑⑨⑨⑧⑧⑦⑦⑥⑥⑤", Phone),
        ("5l 99988-7766", Phone),
        ("(5I) 99988-77OO", Phone),
        ("51 999O8 ll66", Phone),
        ("5 l 9 9 9 8 8 7 7 6 6", Phone),
        ("tel. 5550l87O", Phone),
        ("five one nine nine nine eight eight seven seven six six", Phone),
        ("five six two four six three two", Phone),
        ("um dois um tres um dois um dois", Phone),
        ("five one 99988 seven seven six six", Phone),
        ("cinco um, 9 9 9, oito oito, sete sete, meia meia", Phone),
        ("five one triple nine double eight double seven double six", Phone),
        ("maria&#64;example&#46;org", Email),
        ("maria&#x40;example.org", Email),
        ("maria&commat;example&period;org", Email),
        ("maria&amp;#64;example.org", Email),
        ("maria%40example.org", Email),
        ("&#53;&#49; 99988-7766", Phone),
        ("fe80::1", IpAddress),
        ("router fe80::1%eth0 down", IpAddress),
        ("[fd12::4a]", IpAddress),
        ("30°01'39.3\"S 51°13'53.8\"W", Coordinates),
        ("30° 01′ 39,31″ S, 51° 13′ 53,84″ O", Coordinates),
        ("S30°01.655' W51°13.897'", Coordinates),
        ("30º01'39.3'' S 51º13'53.8'' W", Coordinates),
    ];
    all_found(cases);
}

fn all_found(cases: &[(&str, HitKind)]) {
    let missed: Vec<_> = cases
        .iter()
        .filter(|(text, kind)| !kinds(text).contains(kind))
        .map(|(text, kind)| (text, kind, kinds(text)))
        .collect();
    assert!(missed.is_empty(), "(text, expected, found): {missed:#?}");
}

#[test]
fn what_is_nobodys_is_left_alone() {
    let texts = [
        "Defesa Civil (telefone 199) e Corpo de Bombeiros (telefone 193), Brigada Militar 190.",
        "Ligue 0800 642 0156 ou 0800-642-0156.",
        "Call 1-800-273-8255 or +1 800 273 8255.",
        "Chuva entre 30 e 60 mm/h ou 50 e 100 mm/dia, ventos intensos (60-100 km/h).",
        "Nível de 2.41 m às 12:30 de 01/05/2024; cota de inundação 3,00 m.",
        "2024-05-01 12:30 até 2024-05-02T16:00:00-03:00",
        "01.05.2024 12h30 a 02.05.2024 18h",
        "Plano 2023-2024, série 1941 - 2024",
        "CNPJ 00.000.000/0001-91 do banco",
        "urn:oid:2.49.0.1.76.0.2024.5.1.12.30.15",
        "https://alertas2.inmet.gov.br/47110/51999887766",
        "T1-2@1#1202 linha T1, BR-116 km 270, ERS-118, RSC-453",
        "Rua Ijuí 1234, Av. Ipê 2000, 90010-150 Porto Alegre",
        "estação 4021, poste 123456",
        "NBR-5410, ISO-9001, UTC-0300, MAI-2024, DEZ 2024",
        "Tx 3256 9731 3262 9712",
        "between 0900 PST and 1500 GMT",
        "12 15 18 21 24 mm",
        "população 1.332.845, R$ 1.234.567,89",
        "0.123456 of 1",
        "1714521600000",
        "R1 R2 R3, 10:05 10:15 10:25 10:35",
        "a surface at the dot of noon",
        "um dois três",
        "3.0 m, 2,41 m, -0.35 m",
        "levels 2.4 3.1 2.2 1.0 2.6 m, and 5.19, 9.98, 8.77, 6.60",
        "12 9 15 18 21 24 mm",
        "temperatures 11.9 12.5 13.1 14.0",
        "steps 1 2 3 4 5 6 7 8, runs 1,1,1,1,1,0,0",
        "2024-05-01 12:00, 21/9/2024 12:00",
        "-30.0277, -51.2287",
        "version 0.14.3, v1.2.3-4",
        "feed 430000012345, stop 430001234567",
        "2.49.0.1.124.726.9.3, +40.84,-117.89 +40.85,-118.09",
        "| 43.9 | 30.8 | 37.5 | 46.0 |",
        "1.3.6.1.4.1.9.2 and urn:oid:1.2.3.4.5.9.7.2",
        "gauge-87450004, SPH4 87450004, datastream 12",
        "10, 20, 30, 40, 50 and 60 vehicles",
        "call when it passes 2.5 m",
        "discharge 51 m³/s over 99988 m², 10³ l, 5 m²",
        "tanks of 10l, 20l and 30l; O2 at 5 l per 3 m",
        "call for 20l of water, 30l of fuel and 100l more",
        "①②③④⑤⑥⑦ steps, ⑩ to ⑳",
        "gate one of 3 and two of 4, three pumps in 2024, four by 12:30",
        "from one to 12, two or three times in 2023 2024",
        "30°01'39\"S 51°13'54\"W, 30° 1.7' S, 12°C to 14.5°C, turn 90° in 5' 30.5\"",
        "a path of std::fs, a::b, 12::30, AT&T, R&D; Q&amp;A",
        "sensors SPH4, A801, IO-101, LoRa O1, l0, pump-1O",
        "60%40 mix",
    ];
    let false_hits: Vec<_> =
        texts.into_iter().map(|text| (text, kinds(text))).filter(|(_, found)| !found.is_empty()).collect();
    assert!(false_hits.is_empty(), "{false_hits:#?}");
}

#[test]
fn a_public_desk_may_be_named() {
    let desks = Desks::new(&["defesacivil@portoalegre.rs.gov.br".to_owned(), "(51) 3289-5555".to_owned()]);
    let text = "Defesa Civil: DefesaCivil@portoalegre.rs.gov.br, +55 51 3289-5555";
    assert_eq!(find(text, &desks), []);
    assert_eq!(find("maria@portoalegre.rs.gov.br", &desks).len(), 1);
    assert_eq!(kinds("Defesa Civil (51) 3289-5555"), [HitKind::Phone], "only because it is on the list");
}

#[test]
fn a_hit_says_where_in_the_text_as_it_was_given() {
    let text = "João\u{200B}: (51) 99988-7766!";
    let hits = find(text, &Desks::default());
    let [hit] = hits.as_slice() else { panic!("one hit, found {hits:?}") };
    let found: String = text.chars().skip(hit.chars.start).take(hit.chars.len()).collect();
    assert_eq!(found, "51) 99988-7766");
}
