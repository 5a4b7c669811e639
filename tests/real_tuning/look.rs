//! What the look says of running daemons is what they say themselves, and what the kernel says.

use ngcp_warden::{
    executor::System,
    ngcp::{database::Database, kamailio},
};

use crate::{
    debian,
    host::{Machine, Proxy, pss},
    traffic::{Callers, shared},
};

const POOL: &str = "bufferpoolsize: 2G";

/// The server's own arithmetic on its own counters: of all reads those that found their page in memory, in percent.
const HIT_RATE: &str = "SELECT ROUND(100 * (1 - d.variable_value / a.variable_value), 6) FROM information_schema.global_status a, \
    information_schema.global_status d WHERE a.variable_name = 'INNODB_BUFFER_POOL_READ_REQUESTS' \
    AND d.variable_name = 'INNODB_BUFFER_POOL_READS';";

#[test]
fn the_hit_rate_is_what_the_server_works_out_itself() {
    if !debian::inside("look::the_hit_rate_is_what_the_server_works_out_itself") {
        return;
    }
    let machine = Machine::start(&[(POOL, "bufferpoolsize: 32M")]);
    machine.data(80);
    machine.read_all();
    let host = System::live().unwrap();
    let server = || machine.sql(HIT_RATE).trim().parse::<f64>().unwrap();

    let before = server();
    let pool = Database::open(&host).unwrap().buffer_pool().unwrap();
    let after = server();
    let since_start = pool.since_start.hit_rate().unwrap();
    println!("hit rate {before} {since_start} {after}, just now {:?}", pool.just_now);
    // Our own questions read a few pages as well: it lies between.
    assert!(
        (before.min(after) - 1e-6..=before.max(after) + 1e-6).contains(&since_start),
        "{before} {since_start} {after}"
    );
    assert!(since_start < 99.0, "all data was read through a smaller pool: {since_start}");
    assert_eq!(pool.size, 32 << 20);
    // The server keeps up to 24 MB of it free for what comes next.
    assert!(pool.filled > 6 << 20 && pool.filled <= pool.size, "{}", pool.filled);

    // A short look sees what happens now, not what happened since the start.
    let busy = std::thread::scope(|scope| {
        let reader =
            scope.spawn(|| machine.sql(&"SELECT LENGTH(a) FROM sample.t WHERE id = 5;".repeat(40_000)));
        let busy = Database::open(&host).unwrap().buffer_pool().unwrap();
        reader.join().unwrap();
        busy
    });
    println!("busy: {:?}", busy.just_now);
    assert!(busy.just_now.all > 1000 && busy.just_now.hit_rate().unwrap() > 99.0, "{:?}", busy.just_now);
    assert!(busy.since_start.all > pool.since_start.all);
}

#[test]
fn workers_and_memory_of_both_kamailio_are_as_they_say_and_as_the_kernel_says() {
    if !debian::inside("look::workers_and_memory_of_both_kamailio_are_as_they_say_and_as_the_kernel_says") {
        return;
    }
    let _machine = Machine::start(&[(POOL, "bufferpoolsize: 32M")]);
    for proxy in Proxy::BOTH {
        Callers::of(proxy).call();
    }
    let host = System::live().unwrap();
    let running = kamailio::running(&host).unwrap();
    let names: Vec<&str> = running.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["lb", "proxy"]);
    for (proxy, one) in Proxy::BOTH.into_iter().zip(&running) {
        let told = one.told.as_ref().unwrap_or_else(|| panic!("{proxy:?} is silent: {:?}", one.silent));
        let workers: u64 = told.udp_workers.iter().sum();
        assert_eq!(told.udp_workers.len(), proxy.ports().len());
        assert_eq!(workers as usize, proxy.count("udp receiver"));
        assert_eq!(told.tcp_workers as usize, proxy.count("tcp receiver"));
        assert_eq!(told.pingers as usize, proxy.count("TIMER NH"));
        assert_eq!(one.pids, proxy.pids());
        let free = told.shared_free.unwrap();
        assert!((free - shared(proxy, "free")).abs() < 1.0, "{free}");
        let (taken, seen) = (one.pss.unwrap(), pss(&proxy.pids()));
        println!(
            "{}: {} processes, {taken:.1} MB, {:.1} of them besides what they share",
            proxy.name(),
            one.processes,
            one.private.unwrap()
        );
        assert!((taken - seen).abs() < 0.05 * seen, "{taken} {seen}");
        assert!(one.private.unwrap() < taken);
    }
    let of = |at: usize| (running[at].shared_memory, running[at].private_memory);
    assert_eq!((of(0), of(1)), ((Some(64), Some(16)), (Some(124), Some(192))));
    let workers = |at: usize| {
        running[at].told.as_ref().map(|told| (told.udp_workers.clone(), told.tcp_workers, told.pingers))
    };
    assert_eq!(workers(0), Some((vec![8, 8], 8, 0)));
    assert_eq!(workers(1), Some((vec![8], 4, 7)));
    let interval = running[1].parameter(&host, "nathelper", "natping_interval").unwrap();
    let expires = running[1].parameter(&host, "registrar", "default_expires").unwrap();
    println!("{interval:?} {expires:?}");
    assert_eq!((interval.value.as_str(), expires.value.as_str()), ("30", "3600"));
}
