(component
  (import "wasi:http/handler@0.3.0" (instance $next (export "handle" (func (param "request" u32) (result u32)))))
  (alias export $next "handle" (func $handle))
  (instance $handler (export "handle" (func $handle)))
  (export "wasi:http/handler@0.3.0" (instance $handler)))
