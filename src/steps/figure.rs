//! Pictures that follow the answers while they change, as data. How they are drawn is the screen's business; where
//! nothing can be drawn they are told as numbers.

/// One picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Figure {
    /// Stacked bars of one unit, below each other.
    Bars(Bars),
    /// Values side by side.
    Table(Table),
}

/// Stacked bars that share a scale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bars {
    /// "Memory".
    pub title: String,
    /// What the numbers count: "MB".
    pub unit: &'static str,
    /// What fills a bar to its end; more does not fit.
    pub limit: Option<u64>,
    /// Top down.
    pub bars: Vec<Bar>,
    /// What else is to be known of the numbers, a sentence each: "1024 MB must stay free".
    pub notes: Vec<String>,
    /// Keys of the questions at whose rows it stands at the top of the page, where it stays while rows scroll.
    pub leads: Vec<String>,
}

/// One stacked bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// "planned".
    pub label: String,
    /// From the left, each with its name and how much of the unit it takes.
    pub parts: Vec<(String, u64)>,
}

impl Bar {
    /// All parts together.
    pub fn total(&self) -> u64 {
        self.parts.iter().map(|(_, amount)| *amount).fold(0, u64::saturating_add)
    }
}

/// Values side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// "Values of the profiles".
    pub title: String,
    /// Names of the columns behind the first.
    pub columns: Vec<String>,
    /// The column that is chosen by the answers.
    pub chosen: Option<usize>,
    /// Each with its name and one cell per column.
    pub rows: Vec<(String, Vec<String>)>,
}

/// What the overview of the host says of a step in one line: how much is left of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gauge {
    /// Of what: "Certificate web".
    pub label: String,
    /// What there is.
    pub amount: u64,
    /// What would be a full bar; more is drawn as full.
    pub full: u64,
    /// So little that somebody must see to it.
    pub low: bool,
    /// The same in words: "29 days left".
    pub words: String,
}

/// What an answer means under all answers so far, where it is a word for something that is worked out from the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meaning {
    /// Key of the question.
    pub key: String,
    /// What it becomes: "5G".
    pub becomes: String,
    /// How that is worked out, with the numbers in it: "50000 / 30 / 250 = 6.67, 7".
    pub rule: Option<String>,
    /// What happens then, or why it cannot be: "the database restarts".
    pub effect: Option<String>,
    /// It cannot be: the plan is refused with these words.
    pub refused: Option<String>,
    /// It makes it other than it is.
    pub differs: bool,
}
