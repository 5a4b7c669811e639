//! What this step, its questions and its findings are called, here and nowhere else.

use crate::{finding::StepId, steps::step::About};

pub(super) static ABOUT: About = About {
    id: StepId::new("passwords"),
    title: "Passwords",
    why: "Robots try default passwords within minutes. One of them here means somebody else's phone bill.",
    handbook: "15.3",
    settled_by: &[
        (id::ROOT, asks::ROOT),
        (id::CDREXPORT, asks::CDREXPORT),
        (id::MYSQL_ROOT, asks::MYSQL),
        (id::WEB, asks::WEB),
        (id::SOAP, asks::SOAP),
    ],
};

/// Keys of the questions.
pub(super) mod asks {
    pub(crate) const ROOT: &str = "root";
    pub(crate) const CDREXPORT: &str = "cdrexport";
    /// One per web login: `web.LOGIN`.
    pub(crate) const WEB: &str = "web.";
    pub(crate) const MYSQL: &str = "mysql";
    pub(crate) const MYSQL_FILE: &str = "mysql.file";
    pub(crate) const SOAP: &str = "soap";

    /// The new password of the account that the question `of` is about.
    pub(crate) fn password(of: &str) -> String {
        format!("{of}.password")
    }
}

/// Ids of the findings.
pub(super) mod id {
    pub(crate) const MYSQL_ROOT: &str = "PASSWORD-MYSQL-ROOT-EMPTY";
    pub(crate) const ANONYMOUS: &str = "PASSWORD-MYSQL-ANONYMOUS";
    pub(crate) const WEB: &str = "PASSWORD-WEB-ADMIN-DEFAULT";
    pub(crate) const SOAP: &str = "PASSWORD-NGCPSOAP-DEFAULT";
    pub(crate) const ROOT: &str = "PASSWORD-ROOT-DEFAULT";
    pub(crate) const CDREXPORT: &str = "PASSWORD-CDREXPORT";
}

pub(super) const SOAP_USER: &str = "ngcpsoap";
