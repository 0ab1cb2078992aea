//! What lies on each broker's disks: `DescribeLogDirs`, asked of that very broker.

use std::collections::BTreeMap;
use std::time::Duration;

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::describe_log_dirs::{
    DescribeLogDirsRequest, DescribeLogDirsResponse, DescribeLogDirsResult,
};

use super::client::{Client, Lane};
use super::error::{CallError, printable};
use super::topology::intern;
use crate::model::{BrokerId, LogDir, TopicName, Topics};

/// Reading thousands of directories takes a broker a while.
const DEADLINE: Duration = Duration::from_secs(10);
/// From this version on a refusal is an error; below it is an empty list (operations.md §1.7).
const TELLS_REFUSAL: i16 = 3;

/// The directories of one broker and the sizes of the replicas in them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Disks {
    pub dirs: Vec<LogDir>,
    /// Bytes per partition, by topic.
    pub replicas: Vec<(TopicName, Vec<(i32, u64)>)>,
}

impl Disks {
    /// Per topic and partition the largest replica that any broker reported.
    pub fn sizes<'a>(
        all: impl Iterator<Item = &'a Self>,
    ) -> BTreeMap<TopicName, BTreeMap<i32, u64>> {
        let mut sizes: BTreeMap<TopicName, BTreeMap<i32, u64>> = BTreeMap::new();
        for (topic, partitions) in all.flat_map(|disks| &disks.replicas) {
            let topic = sizes.entry(topic.clone()).or_default();
            for (partition, bytes) in partitions {
                let size = topic.entry(*partition).or_default();
                *size = (*size).max(*bytes);
            }
        }
        sizes
    }
}

/// Asks one broker for its disks; also tells whether it throttled.
pub async fn ask(
    client: &Client,
    id: BrokerId,
    topics: &Topics,
) -> Result<(Disks, bool), CallError> {
    let request = DescribeLogDirsRequest {
        topics: None,
        ..DescribeLogDirsRequest::default()
    };
    let connection = client.connection(id, Lane::Own).await?;
    let version = connection.version::<DescribeLogDirsRequest>(1)?;
    let response = connection.call(&request, DEADLINE).await?;
    let code = if version < TELLS_REFUSAL && response.results.is_empty() {
        ErrorCode::CLUSTER_AUTHORIZATION_FAILED
    } else {
        response.error_code
    };
    if !code.is_ok() {
        return Err(connection.refused::<DescribeLogDirsRequest>(code));
    }
    Ok((disks(&response, topics), response.throttle_time_ms > 0))
}

fn disks(response: &DescribeLogDirsResponse, topics: &Topics) -> Disks {
    let mut replicas = Vec::new();
    for topic in response.results.iter().flat_map(|dir| &dir.topics) {
        // A future replica is a copy under way between two disks of one broker, not one more.
        let sizes: Vec<(i32, u64)> = topic
            .partitions
            .iter()
            .filter(|partition| !partition.is_future_key)
            .map(|partition| (partition.partition_index, amount(partition.partition_size)))
            .collect();
        replicas.push((intern(topics, &topic.name), sizes));
    }
    Disks {
        dirs: response.results.iter().map(dir).collect(),
        replicas,
    }
}

fn dir(result: &DescribeLogDirsResult) -> LogDir {
    let sizes = result.topics.iter().flat_map(|topic| &topic.partitions);
    let error = (!result.error_code.is_ok()).then(|| {
        let words = result.error_code.say().unwrap_or("not usable");
        printable(&format!("{}: {words}", result.error_code))
    });
    LogDir {
        path: printable(&result.log_dir),
        error,
        total_bytes: u64::try_from(result.total_bytes).ok(),
        usable_bytes: u64::try_from(result.usable_bytes).ok(),
        replica_bytes: sizes
            .clone()
            .map(|replica| amount(replica.partition_size))
            .sum(),
        replicas: u32::try_from(sizes.count()).unwrap_or(u32::MAX),
    }
}

fn amount(bytes: i64) -> u64 {
    u64::try_from(bytes).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_partition_is_that_of_its_largest_replica() {
        let disks = |bytes| Disks {
            dirs: Vec::new(),
            replicas: vec![("a".into(), vec![(0, bytes), (1, 7)])],
        };
        let sizes = Disks::sizes([disks(10), disks(30), disks(20)].iter());
        assert_eq!(sizes["a"], BTreeMap::from([(0, 30), (1, 7)]));
    }
}
