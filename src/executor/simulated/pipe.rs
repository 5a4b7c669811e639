//! Pipes on the simulated host: one program after the other, what flows between them lies in memory.

use std::io;

use crate::{
    executor::{Attributes, Executor, Exit, FileChange, FileTo, Pipe, Sink, Stream, refused},
    secret::Secret,
};

/// Collects what goes on to the next program.
struct Between<'a> {
    sink: &'a mut dyn Sink,
    bytes: Vec<u8>,
}

impl Sink for Between<'_> {
    fn output(&mut self, stream: Stream, bytes: &[u8]) {
        match stream {
            Stream::Out => self.bytes.extend_from_slice(bytes),
            Stream::Err => self.sink.output(stream, bytes),
        }
    }

    fn cancelled(&mut self) -> bool {
        self.sink.cancelled()
    }
}

pub(super) fn run(host: &dyn Executor, pipe: &Pipe, sink: &mut dyn Sink) -> io::Result<Vec<Exit>> {
    pipe.check()?;
    if let Some(to) = &pipe.to
        && let Ok(there) = host.metadata(&to.path)
    {
        return Err(refused::kind(&to.path, there.kind));
    }
    let mut flows = pipe.from.as_ref().map(|from| host.read(from)).transpose()?;
    let mut exits = Vec::new();
    for (index, stage) in pipe.stages.iter().enumerate() {
        let mut command = stage.clone().limit(pipe.limit);
        command.stdin = flows.take().map(Secret::new).or(command.stdin);
        if index + 1 == pipe.stages.len() && pipe.to.is_none() {
            exits.push(host.run(&command, sink)?);
            return Ok(exits);
        }
        let mut between = Between { sink, bytes: Vec::new() };
        let exit = host.run(&command, &mut between)?;
        flows = Some(between.bytes);
        exits.push(Exit { stdout: Vec::new(), ..exit });
    }
    if let (Some(to), Some(content), None) = (&pipe.to, flows, pipe.failure(&exits)) {
        if content.len() as u64 > to.most {
            return Err(refused::target_too_large(to));
        }
        let to_file = FileTo::File { content: Secret::new(content), attributes: Attributes::Keep };
        host.change(&FileChange { path: to.path.clone(), to: to_file })?;
    }
    Ok(exits)
}
