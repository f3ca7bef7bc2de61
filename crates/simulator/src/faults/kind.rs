//! The kinds of faults.

use serde::{Deserialize, Serialize};

/// One way to fail. Each says where it can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Any call: 429 although the bucket isn't empty.
    #[serde(rename = "http_429")]
    Http429,
    /// Any call: 500 `InternalFailure`; nothing was done.
    #[serde(rename = "http_500")]
    Http500,
    /// Any call: 503 with a page of HTML where JSON belongs; nothing was done.
    #[serde(rename = "http_503_html")]
    Http503Html,
    /// Any call: the work is done, but the connection is held and closed without an answer.
    Timeout,
    /// Any call: the connection breaks in the middle of the body.
    TruncatedBody,
    /// Any call: status 200 and no body.
    EmptyBody,
    /// Downloads: bytes in the middle of the gzip stream are damaged.
    CorruptGzip,
    /// Downloads: the charset header names another charset than the bytes are in; strict decoding finds out.
    WrongCharsetLabel,
    /// Downloads of flat files: a title begins with a lone `"`.
    LoneQuote,
    /// Downloads of flat files and Ads reports: one more column at the end.
    ExtraColumn,
    /// Downloads of flat files whose translations are known: a header in another language.
    LocalisedHeader,
    /// Downloads of reports that are asked for again: a row is not there yet.
    LateRow,
    /// Ads reports: the metrics of a row are smaller than they will be.
    RestatedRow,
    /// Downloads: the URL has expired before its time.
    ExpiredUrl,
    /// createReport: the report ends CANCELLED although there is data.
    ReportCancelled,
    /// createReport: the report ends FATAL, sometimes with a document that says why.
    ReportFatal,
    /// createReport and Ads reports: generation takes hours.
    SlowReport,
    /// Paged lists of things with ids: the last item of a page comes again on the next.
    PageDuplicate,
    /// Paged lists of what happened lately: the last item of a page is left out.
    PageGap,
    /// Paged lists: a page without items and with a token for what it should have held.
    EmptyPageWithToken,
    /// Paged lists: the token is refused as expired.
    ExpiredPageToken,
    /// Sign-in: the seller has revoked the grant, for an hour or until it is restored.
    RevokedToken,
    /// Ads reports: 425, the same report is in flight already.
    #[serde(rename = "ads_425")]
    Ads425,
}

impl Kind {
    /// Every kind, in the order of their declaration.
    pub const ALL: [Self; 23] = [
        Self::Http429,
        Self::Http500,
        Self::Http503Html,
        Self::Timeout,
        Self::TruncatedBody,
        Self::EmptyBody,
        Self::CorruptGzip,
        Self::WrongCharsetLabel,
        Self::LoneQuote,
        Self::ExtraColumn,
        Self::LocalisedHeader,
        Self::LateRow,
        Self::RestatedRow,
        Self::ExpiredUrl,
        Self::ReportCancelled,
        Self::ReportFatal,
        Self::SlowReport,
        Self::PageDuplicate,
        Self::PageGap,
        Self::EmptyPageWithToken,
        Self::ExpiredPageToken,
        Self::RevokedToken,
        Self::Ads425,
    ];

    /// The name used in scripts and counts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http429 => "http_429",
            Self::Http500 => "http_500",
            Self::Http503Html => "http_503_html",
            Self::Timeout => "timeout",
            Self::TruncatedBody => "truncated_body",
            Self::EmptyBody => "empty_body",
            Self::CorruptGzip => "corrupt_gzip",
            Self::WrongCharsetLabel => "wrong_charset_label",
            Self::LoneQuote => "lone_quote",
            Self::ExtraColumn => "extra_column",
            Self::LocalisedHeader => "localised_header",
            Self::LateRow => "late_row",
            Self::RestatedRow => "restated_row",
            Self::ExpiredUrl => "expired_url",
            Self::ReportCancelled => "report_cancelled",
            Self::ReportFatal => "report_fatal",
            Self::SlowReport => "slow_report",
            Self::PageDuplicate => "page_duplicate",
            Self::PageGap => "page_gap",
            Self::EmptyPageWithToken => "empty_page_with_token",
            Self::ExpiredPageToken => "expired_page_token",
            Self::RevokedToken => "revoked_token",
            Self::Ads425 => "ads_425",
        }
    }
}
