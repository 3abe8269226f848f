"""`shadowproxy replay`: stored safe requests once more to legacy and candidate, finding by finding.

    source ─► finding ─► sample ─► request ─► both backends ─► facts ─► decision ─┐
    (proxy | store)                  └► cannot be sent: stale                     ├─► conclusion
                                             the finding's other samples ─────────┘

Laws: only safe methods are sent, with the mark of a shadow and nothing that was redacted; what could
not be looked at is never called fixed.
"""
