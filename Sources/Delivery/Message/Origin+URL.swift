extension Origin {
  /// The destination of an absolute http or https URL.
  package init(url: String) throws(URLRefusal) { self = try TargetURL(url).origin }
}
