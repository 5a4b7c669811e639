//! What can be typed, page by page: line mode has keys of its own.

/// At a question above the page.
pub(super) const DIALOG: &str = "The number of an outcome and Enter takes it; Enter alone changes nothing.";

/// At a question of a step.
pub(super) const QUESTION: &str = "\
A number chooses that answer; Enter alone keeps the one marked *, or the text that is there.
Text is typed as it shall be; - alone empties it. Passwords are asked for twice and not shown.
A text of many lines ends with a line that holds a dot alone; the dot at once keeps what is there.
f reads all findings in full, b goes back, q leaves; answers are kept. After the last question r goes to the review.
Nothing changes on the host before the plan is applied.";

/// At a menu.
pub(super) const MENU: &str = "\
A number does what stands behind it. Enter alone does nothing.
p prints the page again, b goes back, q leaves; answers are kept.
In the list of steps, t and a number (t3) puts a step into the plan or takes it out.
While a run goes on: stop ends it after the change it is in. While a countdown runs: keep, or revert.";
