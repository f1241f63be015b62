(component
  (import "by-package:lib/clock@1.0.0" (instance $clock (export "now" (func (result u32)))))
  (alias export $clock "now" (func $now))
  (instance $own (export "tell" (func $now)))
  (export "by-package:app/own" (instance $own)))
