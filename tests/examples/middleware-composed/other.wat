(component
  (import "wasi:http/handler@0.3.0" (instance $following (export "handle" (func (param "request" u32) (result u32)))))
  (alias export $following "handle" (func $handle))
  (instance $handler (export "handle" (func $handle)))
  (export "wasi:http/handler@0.3.0" (instance $handler)))
