//! GTFS Schedule: real feeds, and what feeds get wrong.

use city::{Reason, ServiceDate, StopId, Tally, Timetable, TripId};
use formats::gtfs::decode;

use crate::support::{feed, files, full_recordings, recording};

fn read(bytes: &[u8]) -> (Timetable, Tally) {
    let (timetable, tally) = decode(bytes).expect("a timetable");
    holds(&timetable);
    assert_eq!((tally.stored, tally.duplicate), (0, 0));
    (timetable, tally)
}

/// What `city::Timetable` promises.
fn holds(timetable: &Timetable) {
    for trip in &timetable.trips {
        let calls = timetable.calls(trip);
        assert!(calls.len() >= 2, "{}", trip.id);
        assert!((trip.route as usize) < timetable.routes.len() && (trip.service as usize) < timetable.services.len());
        assert!(trip.shape.is_none_or(|shape| (shape as usize) < timetable.shapes.len()));
        let times: Vec<_> = calls.iter().flat_map(|call| [call.arrival_s, call.departure_s]).collect();
        assert!(times.is_sorted(), "{} falls in time: {times:?}", trip.id);
        assert!(calls.iter().all(|call| (call.stop as usize) < timetable.stops.len()));
        assert_eq!(timetable.trip(&trip.id), Some(trip), "index");
    }
}

fn rejected(tally: &Tally) -> Vec<(Reason, u64)> {
    tally.rejected.iter().map(|(reason, count)| (*reason, *count)).collect()
}

#[test]
fn line_t1_of_porto_alegre_loads_whole() {
    let (timetable, tally) = read(&recording("gtfs/poa_t1_cut.gtfs.zip"));
    assert_eq!(timetable.timezone, "America/Sao_Paulo");
    assert_eq!(timetable.agency, "Empresa Publica de Transportes e Circulação");
    assert_eq!((timetable.routes.len(), timetable.trips.len(), timetable.stops.len()), (1, 12, 65));
    assert_eq!(timetable.stop_times.len(), 780);
    assert_eq!(tally.received, 12 + 780 + 65 + 1 + 1 + 6 + 255 + 1);
    assert_eq!(tally.rejected_total(), 0);
    let trip = timetable.trip(&TripId::new("T1-2@1#1202")).expect("the trip of the demo");
    let calls = timetable.calls(trip);
    assert_eq!(calls.first().map(|call| call.departure_s), Some(12 * 3600 + 2 * 60));
    // Only the first and the last call are timed in this feed; those between are worked out, all different.
    let rising = calls.windows(2).filter(|pair| pair[0].departure_s < pair[1].arrival_s).count();
    assert!(rising > calls.len() * 8 / 10, "{rising} of {} calls rise", calls.len());
    let last = &timetable.stops[calls.last().expect("a call").stop as usize];
    assert_eq!(trip.headsign, last.name, "no headsign in the feed: the last stop");
    assert!(trip.shape.is_some_and(|shape| timetable.shapes[shape as usize].len() > 50));
}

#[test]
fn phone_and_email_of_the_agency_are_never_read() {
    let agency =
        "agency_name,agency_timezone,agency_phone,agency_email\nTram Co,America/Sao_Paulo,(51)3363-8000,canary@x.org\n";
    let (timetable, _) = read(&feed(&[("agency.txt", agency)]));
    let everything = serde_json::to_string(&timetable).expect("JSON");
    assert!(!everything.contains("3363") && !everything.contains("canary"), "{everything}");
}

#[test]
fn bom_crlf_quotes_and_more_columns_are_fine() {
    let stops = "\u{feff}stop_desc,stop_lon, stop_lat ,stop_name,stop_id\r\n\
        \"a, \"\"b\"\"\",-51.0,-30.00,\"Alpha, north\",A\r\n,-51.0,-30.04,Gamma,C\r\n\r\n";
    let (timetable, tally) = read(&feed(&[("stops.txt", stops)]));
    assert_eq!(timetable.stops[0].name, "Alpha, north");
    assert_eq!(rejected(&tally), []);
}

#[test]
fn a_bad_row_takes_no_neighbour_along() {
    let stop_times = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n\
        T,08:00:00,08:00:00,A,1\n\
        T,08:05:00,08:05:00,\"B,2\n\
        T,25:99:00,08:06:00,B,2\n\
        T,08:07:00,08:06:00,B,2\n\
        T,08:07:00,08:07:00,NOWHERE,2\n\
        NOBODY,08:07:00,08:07:00,B,2\n\
        T,08:07:00,08:07:00,B,\n\
        T,08:07:00,08:07:00,B,x\n\
        T,07:00:00,07:00:00,B,2\n\
        T,08:10:00,08:10:00,C,3\n\
        T,08:11:00,08:11:00,C,3\n";
    let (timetable, tally) = read(&feed(&[("stop_times.txt", stop_times)]));
    assert_eq!(timetable.stop_times.len(), 2, "the two good calls");
    assert_eq!(
        rejected(&tally),
        [
            (Reason::Malformed, 1),
            (Reason::MissingField, 1),
            (Reason::OutOfRange, 1),
            (Reason::BadTime, 3),
            (Reason::BadId, 1),
            (Reason::UnknownReference, 2),
        ]
    );
    assert_eq!(tally.received, 1 + 3 + 1 + 1 + 11 + 1);
}

#[test]
fn bad_rows_of_every_file_are_counted_under_their_reason() {
    let stops = "stop_id,stop_name,stop_lat,stop_lon\nA,Alpha,-30.00,-51.0\nA,Again,-30.0,-51.0\nX,Far,91.0,-51.0\nY,NaN,NaN,0\nZ,None,,\nC,Gamma,-30.04,-51.0\n";
    let routes = "route_id,route_short_name,route_type,route_color\nR,7,3,not a colour\nQ,8,99,000000\n,9,3,0\n";
    let calendar = "service_id,start_date,end_date,monday,tuesday,wednesday,thursday,friday,saturday,sunday\nWK,20240101,20241231,1,1,1,1,1,0,0\nS2,20240230,20241231,1,1,1,1,1,0,0\nS3,20240101,20231231,1,1,1,1,1,0,0\nS4,20240101,20241231,1,1,1,1,1,0,7\n";
    let trips = "route_id,service_id,trip_id,shape_id\nR,WK,T,NO-SHAPE\nNO,WK,T2,\nR,NO,T3,\nR,WK,T,\nR,WK,LONELY,\n";
    let shapes = "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\nS,-30,-51,1\n";
    let changes = [
        ("stops.txt", stops),
        ("routes.txt", routes),
        ("calendar.txt", calendar),
        ("trips.txt", trips),
        ("shapes.txt", shapes),
    ];
    let (timetable, tally) = read(&feed(&changes));
    assert_eq!((timetable.stops.len(), timetable.routes.len(), timetable.trips.len()), (2, 1, 1));
    assert_eq!(timetable.routes[0].short_name, "7");
    assert_eq!(
        rejected(&tally),
        [
            // The stop without a position, the route without an id, the shape of one point, the trip without calls.
            (Reason::MissingField, 4),
            (Reason::OutOfRange, 3),
            (Reason::BadTime, 2),
            (Reason::BadId, 2),
            (Reason::UnknownReference, 2),
            (Reason::Unsupported, 1),
        ]
    );
}

#[test]
fn missing_times_are_shared_out_by_distance() {
    let by_stops = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n\
        T,08:00:00,08:00:00,A,1\nT,,,B,2\nT,08:10:00,08:10:00,C,3\n";
    let (timetable, _) = read(&feed(&[("stop_times.txt", by_stops)]));
    // B is 1 of 4 minutes of latitude along.
    assert_eq!(timetable.stop_times[1].arrival_s, 8 * 3600 + 150);
    let by_shape = "trip_id,arrival_time,departure_time,stop_id,stop_sequence,shape_dist_traveled\n\
        T,08:00:00,08:00:00,A,1,0\nT,,,B,2,900\nT,08:10:00,08:10:00,C,3,1000\n";
    let (timetable, _) = read(&feed(&[("stop_times.txt", by_shape)]));
    assert_eq!(timetable.stop_times[1].arrival_s, 8 * 3600 + 540);
    let untimed_ends = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n\
        T,,,B,0\nT,08:00:00,,A,1\nT,,08:10:00,C,3\nT,,,B,4\n";
    let (timetable, tally) = read(&feed(&[("stop_times.txt", untimed_ends)]));
    assert_eq!(timetable.stop_times.len(), 2);
    assert_eq!(rejected(&tally), [(Reason::MissingField, 2)]);
}

#[test]
fn services_by_week_by_date_and_by_both() {
    let dates = "service_id,date,exception_type\nWK,20240501,2\nWK,20240504,1\n";
    let (timetable, _) = read(&feed(&[("calendar_dates.txt", dates)]));
    let service = &timetable.services[0];
    let runs = |day: u32| service.runs_on(ServiceDate(day));
    assert!(runs(20_240_502) && !runs(20_240_501) && runs(20_240_504) && !runs(20_240_505));
    let only = "service_id,date,exception_type\nWK,20240504,1\nWK,20240501,1\nWK,2024-05-06,1\nWK,20240507,3\n";
    let (timetable, tally) = read(&feed(&[("calendar.txt", ""), ("calendar_dates.txt", only)]));
    let service = &timetable.services[0];
    assert_eq!((service.start, service.end), (ServiceDate(20_240_501), ServiceDate(20_240_504)));
    assert!(service.runs_on(ServiceDate(20_240_501)) && !service.runs_on(ServiceDate(20_240_502)));
    assert_eq!(rejected(&tally), [(Reason::OutOfRange, 1), (Reason::BadTime, 1)]);
}

#[test]
fn frequencies_become_trips() {
    let frequencies = "trip_id,start_time,end_time,headway_secs\nT,06:00:00,07:00:00,1200\nT,07:00:00,07:10:00,600\nNO,06:00:00,07:00:00,60\nT,06:00:00,07:00:00,0\nT,07:00:00,06:00:00,60\n";
    let (timetable, tally) = read(&feed(&[("frequencies.txt", frequencies)]));
    let ids: Vec<_> = timetable.trips.iter().map(|trip| trip.id.as_str()).collect();
    assert_eq!(ids, ["T@06:00:00", "T@06:20:00", "T@06:40:00", "T@07:00:00"]);
    let calls = timetable.calls(&timetable.trips[1]);
    let times: Vec<_> = calls.iter().map(|call| call.departure_s).collect();
    assert_eq!(times, [6 * 3600 + 1200, 6 * 3600 + 1800]);
    assert_eq!(rejected(&tally), [(Reason::OutOfRange, 2), (Reason::UnknownReference, 1)]);
}

#[test]
fn a_second_of_headway_cannot_fill_the_memory() {
    let rows: String = (0..300).map(|_| "T,00:00:00,24:00:00,1\n").collect();
    let frequencies = format!("trip_id,start_time,end_time,headway_secs\n{rows}");
    let (timetable, tally) = read(&feed(&[("frequencies.txt", &frequencies)]));
    assert_eq!(timetable.trips.len(), 86_400);
    assert!(tally.rejected.get(&Reason::TooLarge).is_some_and(|count| *count > 200), "{tally:?}");
}

#[test]
fn a_row_longer_than_the_limit_is_one_refused_row() {
    let long = "x".repeat(200_000);
    let stops = format!(
        "stop_id,stop_name,stop_lat,stop_lon\nA,Alpha,-30.00,-51.0\nB,{long},-30.0,-51.0\nC,Gamma,-30.04,-51.0\n"
    );
    let (timetable, tally) = read(&feed(&[("stops.txt", &stops)]));
    assert_eq!(timetable.stop_by_id.get(&StopId::new("C")), Some(&1));
    assert_eq!(rejected(&tally), [(Reason::TooLarge, 1)]);
}

#[test]
fn every_full_recording_loads() {
    // Trips, calls and stops as counted in the files by other means, and rows that are refused.
    let known = [
        ("poa-gtfs/poa_eptc_bus.gtfs.zip", 2_374, 130_019, 3_986, 0),
        ("poa-gtfs/poa_trensurb_rail.gtfs.zip", 1_248, 14_855, 24, 0),
        // 77 calls are at four stops that stops.txt does not have, which leaves two trips of two calls with one.
        ("nyct-gtfs-rt/nyct_static_cut.gtfs.zip", 5_162, 143_537, 3_799, 81),
        ("sound-transit-gtfs-rt-json/link_static.gtfs.zip", 734, 13_314, 149, 0),
        ("austin-avl-2015/capmetro_derived_20140824_20150606.gtfs.zip", 4_229, 187_622, 2_601, 0),
        ("austin-avl-2016/capmetro_derived_20160821_20170121.gtfs.zip", 5_194, 238_412, 2_516, 0),
    ];
    for (name, trips, calls, stops, refused) in known {
        let (folder, file) = name.split_once('/').expect("a folder");
        let Some(folder) = full_recordings(folder) else { continue };
        let zips = files(&folder, file);
        let [path] = zips.as_slice() else { panic!("{name} is not there") };
        let (timetable, tally) = read(&std::fs::read(path).expect("a file"));
        let found = (timetable.trips.len(), timetable.stop_times.len(), timetable.stops.len(), tally.rejected_total());
        println!("{name}: {found:?} {:?}", tally.rejected);
        assert_eq!(found, (trips, calls, stops, refused), "{name}: {tally:?}");
    }
}
