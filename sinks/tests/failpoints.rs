//! Work that is cut short. A program of its own with one test, because a failpoint is armed for the whole process and
//! would strike whoever comes by first.

#![allow(clippy::unwrap_used)] // a test that can't go on should stop
#![allow(clippy::format_collect, clippy::from_iter_instead_of_collect)] // as in main.rs

#[allow(dead_code)] // the other program uses more of it
mod place;
#[allow(dead_code)]
mod rows;

use sellerlake_contracts::failpoint;

use crate::place::{on_disk, on_s3};
use crate::rows::{built, delivery, partition, sample, standing};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_cut_short_is_mended_by_doing_it_again() {
    for place in [on_disk().await, on_s3().await] {
        for (point, stands) in
            [("partition.spooled", false), ("partition.before_publish", false), ("partition.published", true)]
        {
            let partition = partition(&point.replace('.', "_"));
            let object = built(&place.lake, &partition, &["1"]);
            failpoint::arm(point, 1);
            place.lake.swap(object, None).await.unwrap_err();
            assert!(!failpoint::disarm(), "{point} was not reached");
            assert_eq!(place.lake.head(&partition).await.unwrap().is_some(), stands, "{point}");
            let head = place.lake.head(&partition).await.unwrap().map(|head| head.etag);
            place.lake.swap(built(&place.lake, &partition, &["1", "2"]), head.as_deref()).await.unwrap();
            assert_eq!(standing(&place.lake, &partition).await, sample(&["1", "2"]));
        }
        for (point, stands) in [("raw.bytes_written", 0), ("raw.landed", 1)] {
            let delivery = delivery(&point.replace('.', "_"), b"bytes");
            let spool = || {
                let mut spool = place.lake.spool().unwrap();
                spool.receive(&mut &b"bytes"[..]).unwrap();
                spool
            };
            failpoint::arm(point, 1);
            place.lake.land(&delivery, spool()).await.unwrap_err();
            assert!(!failpoint::disarm(), "{point} was not reached");
            assert_eq!(place.lake.deliveries(Some(&delivery.source), None).await.unwrap().len(), stands, "{point}");
            place.lake.land(&delivery, spool()).await.unwrap();
            assert_eq!(place.lake.deliveries(Some(&delivery.source), None).await.unwrap().len(), 1);
        }
        assert_eq!(place.spools(), [""; 0]);
    }
}
