//! The servers: how each is started, what its acknowledgement is worth, when it has settled.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};

use crate::ceiling;
use crate::connection::{Connection, Speech};
use crate::encode::Dialect;
use crate::server::{Server, command, free_address, pause};
use crate::townbell;

/// Rows in a request from which on PostgreSQL gets COPY and not INSERT.
const COPY_MIN: usize = 1_000;
/// How long Townbell is left alone at least: it compresses what is new when it finds the time.
const TOWNBELL_RESTS: Duration = Duration::from_mins(1);
/// Where Debian puts the programs of PostgreSQL.
const POSTGRES_BIN: &str = "/usr/lib/postgresql/15/bin";

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Townbell, in its sandbox.
    Townbell,
    /// VictoriaMetrics, single node.
    VictoriaMetrics,
    /// InfluxDB 1.6.
    InfluxDb,
    /// PostgreSQL, with PostGIS for the box on the map.
    Postgres,
    /// Redis, streams, `appendfsync always`.
    Redis,
    /// No peer: the HTTP library of Townbell, which answers and keeps nothing.
    Ceiling,
    /// No peer: the same with a log that is synced before the answer.
    CeilingLog,
}

/// All of them, in the order of the tables.
pub(crate) const ALL: [Peer; 7] = [
    Peer::Townbell,
    Peer::VictoriaMetrics,
    Peer::InfluxDb,
    Peer::Postgres,
    Peer::Redis,
    Peer::Ceiling,
    Peer::CeilingLog,
];

/// One way to send observations.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// For the table.
    pub(crate) title: &'static str,
    /// How they are encoded.
    pub(crate) dialect: Dialect,
}

/// Where things are.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The binary of Townbell.
    pub(crate) townbell: PathBuf,
    /// Throw-away folder.
    pub(crate) work: PathBuf,
}

impl Peer {
    /// Its name, as `--only` takes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Townbell => "townbell",
            Self::VictoriaMetrics => "victoria-metrics",
            Self::InfluxDb => "influxdb",
            Self::Postgres => "postgresql",
            Self::Redis => "redis-server",
            Self::Ceiling => "ceiling",
            Self::CeilingLog => "ceiling-log",
        }
    }

    /// Whether it answers only to show what HTTP costs: it has no series, and nothing can be asked of it.
    pub(crate) fn is_ceiling(self) -> bool {
        matches!(self, Self::Ceiling | Self::CeilingLog)
    }

    /// The ways in which it can be sent requests of so many rows, the best first; `ids` are Townbell's datastreams.
    pub(crate) fn ways(self, rows: usize, ids: &Arc<Vec<i64>>) -> Vec<Way> {
        let way = |title, dialect| Way { title, dialect };
        match self {
            Self::Townbell => vec![
                way("**Townbell** (`CreateObservations`, `return=minimal`)", Dialect::DataArray(ids.clone())),
                way("Townbell (`CreateObservations`, a link for each row)", Dialect::DataArrayLinked(ids.clone())),
            ],
            Self::VictoriaMetrics => {
                vec![way("VictoriaMetrics (line protocol)", Dialect::Lines("/write?precision=ms"))]
            }
            Self::InfluxDb => vec![way("InfluxDB (line protocol)", Dialect::Lines("/write?db=bench&precision=ms"))],
            Self::Postgres if rows >= COPY_MIN => vec![way("PostgreSQL (binary COPY)", Dialect::Copy)],
            Self::Postgres => vec![
                way("PostgreSQL (INSERT, prepared)", Dialect::Insert),
                way("PostgreSQL (INSERT as text)", Dialect::InsertText),
            ],
            Self::Redis => vec![way("Redis (XADD, pipelined)", Dialect::Xadd)],
            Self::Ceiling => vec![way("*axum alone: keeps nothing*", Dialect::DataArray(ids.clone()))],
            Self::CeilingLog => {
                vec![way("*axum and a synced log: no parsing, no index*", Dialect::DataArray(ids.clone()))]
            }
        }
    }

    /// What it has promised when it says yes.
    pub(crate) fn durability(self) -> &'static str {
        match self {
            Self::Townbell => "after fsync: a group of requests shares one commit (SQLite WAL, synchronous=FULL)",
            Self::VictoriaMetrics => {
                "from memory: there is no log; what came in the last seconds is lost with the process"
            }
            Self::InfluxDb => "after fsync of its log (wal-fsync-delay 0)",
            Self::Postgres => "after fsync of its log (synchronous_commit=on)",
            Self::Redis => "after fsync of its log (appendfsync always); everything is also held in memory",
            Self::Ceiling => "at once: no server for data, but what HTTP by itself costs; the body is read and dropped",
            Self::CeilingLog => {
                "after fdatasync of the body, unread, in a file of fixed size: a group of requests shares one; no server for data"
            }
        }
    }

    /// How it was brought to rest before its files were measured, and which files count.
    pub(crate) fn settling(self) -> &'static str {
        match self {
            Self::Townbell => {
                "left alone until its folder kept its size; whole data folder, journal, log and index included, without the 8 MiB of zeros that are its reserve for a full disk"
            }
            Self::VictoriaMetrics => "force_flush and force_merge, until its folder kept its size; whole data folder",
            Self::InfluxDb => "cold compactions after 5 s, until its folder kept its size; whole data folder",
            Self::Postgres => "VACUUM and CHECKPOINT; table and primary key only, the log not counted",
            Self::Redis => "BGREWRITEAOF; whole data folder",
            Self::Ceiling | Self::CeilingLog => "not at all",
        }
    }

    /// Version of its Debian package, or what Townbell says of itself, or of the library that a ceiling is made of.
    pub(crate) fn version(self, places: &Places) -> String {
        if self.is_ceiling() {
            return ceiling::version();
        }
        let (program, arguments) = match self {
            Self::Townbell => (places.townbell.to_string_lossy().into_owned(), vec!["--version"]),
            Self::Postgres => ("dpkg-query".into(), vec!["-W", "-f=${Version}", "postgresql-15"]),
            other => ("dpkg-query".into(), vec!["-W", "-f=${Version}", other.name()]),
        };
        output(Command::new(program).args(arguments)).unwrap_or_else(|_| "unknown".into())
    }

    /// How one talks to it.
    pub(crate) fn speech(self) -> Speech {
        match self {
            Self::Townbell | Self::VictoriaMetrics | Self::InfluxDb | Self::Ceiling | Self::CeilingLog => Speech::Http,
            Self::Postgres => Speech::Postgres,
            Self::Redis => Speech::Redis,
        }
    }

    /// Starts it with an empty folder, ready to take observations.
    pub(crate) fn start(self, places: &Places) -> anyhow::Result<Server> {
        let folder = places.work.join(self.name());
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let data = folder.join("data");
        fs::create_dir_all(&data)?;
        let (host, log) = (free_address()?, folder.join("log"));
        match self {
            Self::Townbell => townbell::start_sandbox(&places.townbell, host, &data, &log),
            Self::VictoriaMetrics => Server::start(&mut victoria_metrics(&host, &data), host, &data, &log),
            Self::InfluxDb => influxdb(host, &folder, &data, &log),
            Self::Postgres => postgres(host, &folder, &data, &log),
            Self::Redis => Server::start(&mut redis(&host, &data)?, host, &data, &log),
            Self::Ceiling => Server::start(&mut ceiling::command(&host, None)?, host, &data, &log),
            Self::CeilingLog => Server::start(&mut ceiling::command(&host, Some(&data))?, host, &data, &log),
        }
    }

    /// Brings it to rest, and gives the bytes that its observations take on disk.
    pub(crate) fn settle(self, server: &Server) -> anyhow::Result<u64> {
        let mut connection = Connection::open(self.speech(), &server.host)?;
        let (second, still, most) = (Duration::from_secs(1), Duration::from_secs(5), Duration::from_mins(10));
        match self {
            Self::Townbell => server.wait_until_still(TOWNBELL_RESTS, still, most),
            Self::VictoriaMetrics => {
                connection.get("/internal/force_flush")?;
                server.wait_until_still(6 * second, still, most);
                connection.get("/internal/force_merge")?;
                server.wait_until_still(5 * second, still, most)
            }
            // Its compactions look at each shard every so many seconds.
            Self::InfluxDb => server.wait_until_still(20 * second, 10 * second, most),
            Self::Postgres => {
                connection.sql("VACUUM ANALYZE obs")?;
                connection.sql("CHECKPOINT")?;
                let size = connection.sql("SELECT pg_total_relation_size('obs')")?;
                return Ok(size.concat().concat().parse()?);
            }
            Self::Redis => {
                connection.exchange(b"BGREWRITEAOF\r\n", 1)?;
                server.wait_until_still(2 * second, still, most)
            }
            Self::Ceiling | Self::CeilingLog => bail!("a ceiling has no observations"),
        };
        Ok(server.disk_bytes())
    }

    /// How many observations it says it has.
    pub(crate) fn count(self, server: &Server) -> anyhow::Result<u64> {
        let mut connection = Connection::open(self.speech(), &server.host)?;
        if self == Self::Redis {
            connection.exchange(b"EVAL \"local n=0 for _,k in ipairs(redis.call('KEYS','s:*')) do n=n+redis.call('XLEN',k) end return n\" 0\r\n", 1)?;
            return Ok(String::from_utf8_lossy(&connection.answer).trim_start_matches(':').parse()?);
        }
        if self == Self::VictoriaMetrics {
            // What is only in its buffers is not found.
            connection.get("/internal/force_flush")?;
            pause(500);
        }
        let answer = crate::ask::Ask::CountAll.run(self, &mut connection, &crate::ask::Shape::any())?;
        Ok(answer.first().and_then(|row| row.first()).map_or(0, |count| *count as u64))
    }
}

fn output(command: &mut Command) -> anyhow::Result<String> {
    let out = command.output().with_context(|| format!("{command:?} cannot be run"))?;
    ensure!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

fn victoria_metrics(host: &str, data: &Path) -> Command {
    let mut command = command("victoria-metrics");
    command.arg(format!("-storageDataPath={}", data.display())).arg(format!("-httpListenAddr={host}"));
    command.arg("-retentionPeriod=100y");
    command
}

fn influxdb(host: String, folder: &Path, data: &Path, log: &Path) -> anyhow::Result<Server> {
    let (text, other) = (data.display(), free_address()?);
    let file = folder.join("influxdb.conf");
    let configuration = format!(
        r#"bind-address = "{other}"
reporting-disabled = true
[meta]
  dir = "{text}/meta"
[data]
  dir = "{text}/data"
  wal-dir = "{text}/wal"
  cache-snapshot-write-cold-duration = "5s"
  compact-full-write-cold-duration = "5s"
  index-version = "tsi1"
  query-log-enabled = false
[http]
  bind-address = "{host}"
  log-enabled = false
[monitor]
  store-enabled = false
"#
    );
    fs::write(&file, configuration)?;
    let server = Server::start(command("influxd").arg("-config").arg(&file), host, data, log)?;
    let request = crate::encode::post(&server.host, "/query?q=CREATE%20DATABASE%20bench", "text/plain", "");
    Connection::open(Speech::Http, &server.host)?.exchange(&request, 1)?;
    Ok(server)
}

fn redis(host: &str, data: &Path) -> anyhow::Result<Command> {
    let mut command = command("redis-server");
    command.args(["--bind", "127.0.0.1", "--port", port(host)?, "--appendonly", "yes", "--appendfsync", "always"]);
    command.args(["--save", "", "--dir"]).arg(data);
    Ok(command)
}

fn port(host: &str) -> anyhow::Result<&str> {
    Ok(host.rsplit_once(':').context("an address has a port")?.1)
}

/// PostgreSQL refuses to run as root: then it runs as the user that Debian made for it.
fn postgres(host: String, folder: &Path, data: &Path, log: &Path) -> anyhow::Result<Server> {
    let root = output(Command::new("id").arg("-u"))? == "0";
    if root {
        let number =
            |flag: &str| -> anyhow::Result<u32> { Ok(output(Command::new("id").args([flag, "postgres"]))?.parse()?) };
        chown(data, Some(number("-u")?), Some(number("-g")?))?;
    }
    let program = |name: &str| {
        let path = format!("{POSTGRES_BIN}/{name}");
        let user: &[&str] = if root { &["--reuid=postgres", "--regid=postgres", "--clear-groups"] } else { &[] };
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM"]).args(user).arg(path);
        command.current_dir(folder).arg("-D").arg(data);
        command
    };
    output(program("initdb").args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"]))?;
    let mut command = program("postgres");
    command.args(["-p", port(&host)?]);
    for setting in [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "shared_buffers=1GB",
        "max_wal_size=4GB",
        "checkpoint_timeout=30min",
        // With ANALYZE after the load the planner knows; for answers of milliseconds compiling costs more than it gives.
        "jit=off",
    ] {
        command.args(["-c", setting]);
    }
    // SIGINT: end the sessions and stop.
    let server = Server::start(&mut command, host, data, log)?.stopped_by("-INT");
    let mut connection = Connection::open(Speech::Postgres, &server.host).or_else(|_| {
        // It listens a moment before it takes sessions.
        pause(1_000);
        Connection::open(Speech::Postgres, &server.host)
    })?;
    connection.sql("CREATE TABLE obs(s int, t bigint, v float8, PRIMARY KEY (s, t))")?;
    Ok(server)
}
